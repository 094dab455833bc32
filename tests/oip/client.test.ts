// The client against a server scripted byte by byte: what it sends, what it reads, and how each failure ends.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { OipClient, OipError, type InferRequest, type OipErrorKind, type Tensor } from '@offramp/oip';
import { scriptedServer, type Scripted } from './scripted_server.js';

const server = await scriptedServer();
const tensor: Tensor = { name: 'x', datatype: 'FP32', shape: [1, 2], data: Float32Array.of(1.5, -0.1) };
const request: InferRequest = { model: 'm', inputs: [tensor] };
const floats = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
const jsonAnswer = '{"model_name":"m","outputs":[{"name":"y","datatype":"FP32","shape":[2],"data":[0.25,4]}]}';

async function errorOf(work: Promise<unknown>, kind: OipErrorKind): Promise<OipError> {
  try {
    await work;
  } catch (thrown) {
    assert.ok(thrown instanceof OipError, String(thrown));
    assert.equal(thrown.kind, kind, thrown.message);
    return thrown;
  }
  assert.fail('it did not fail');
}

const answers = (answer: Scripted, extensions: string[] = ['binary_tensor_data']): void => {
  server.asked.length = 0;
  server.script = ({ path }) => (path === '/v2' ? { body: JSON.stringify({ name: 's', version: '1', extensions }) } : answer);
};

test('a server with binary tensors is sent them, and sends them', async () => {
  const header = '{"model_name":"m","model_version":"7","outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}},{"name":"n","datatype":"INT64","shape":[1],"data":[5]}]}';
  answers({ headers: { 'Inference-Header-Content-Length': String(header.length) }, body: Buffer.concat([Buffer.from(header), floats(3, 4)]) });
  const client = new OipClient(`${server.url}/`, { token: 'secret' });
  const response = await client.infer({ ...request, id: 'i', outputs: ['y', 'n'] });
  assert.deepEqual([response.model, response.version], ['m', '7']);
  assert.deepEqual(response.outputs.map(({ name, data }) => [name, data]), [['y', Float32Array.of(3, 4)], ['n', BigInt64Array.of(5n)]]);
  const [metadata, infer] = server.asked;
  assert.equal(metadata?.path, '/v2');
  assert.equal(infer?.path, '/v2/models/m/infer');
  assert.equal(infer?.headers.authorization, 'Bearer secret');
  assert.equal(infer?.headers['content-type'], 'application/octet-stream');
  const length = Number(infer?.headers['inference-header-content-length']);
  assert.deepEqual(JSON.parse(infer?.body.subarray(0, length).toString() ?? ''), {
    id: 'i', outputs: [{ name: 'y', parameters: { binary_data: true } }, { name: 'n', parameters: { binary_data: true } }],
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], parameters: { binary_data_size: 8 } }],
  });
  assert.deepEqual(infer?.body.subarray(length), floats(1.5, -0.1));
  assert.equal(length % 8, 0, 'the tensor is aligned');
  await client.infer(request);
  assert.equal(server.asked.filter(({ path }) => path === '/v2').length, 1, 'the server is asked once what it can do');
});

test('a server without binary tensors, or that does not describe itself, is sent JSON', async () => {
  for (const script of [() => answers({ body: jsonAnswer }, []), () => { server.script = ({ path }) => (path === '/v2' ? { status: 404 } : { body: jsonAnswer }); }]) {
    script();
    server.asked.length = 0;
    const { outputs } = await new OipClient(server.url).infer(request);
    assert.deepEqual(outputs[0]?.data, Float32Array.of(0.25, 4));
    const infer = server.asked.find(({ path }) => path.endsWith('/infer'));
    assert.equal(infer?.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(infer?.body.toString() ?? ''), { inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 2], data: [1.5, Math.fround(-0.1)] }] });
    const half: Tensor = { name: 'h', datatype: 'FP16', shape: [1], data: Uint16Array.of(0x3c00) };
    await errorOf(new OipClient(server.url).infer({ model: 'm', inputs: [half] }), 'unsupported');
  }
});

test('a hidden header length is found out, braces in strings and in tensors included', async () => {
  const header = '{"a":"}{\\"","outputs":[{"name":"}","datatype":"UINT8","shape":[4],"parameters":{"binary_data_size":4}}]}';
  for (const tail of ['}}}}', '\n  \n', '    ']) {
    answers({ body: `${header}${tail}` });
    const { outputs } = await new OipClient(server.url).infer(request);
    assert.deepEqual([...outputs[0]?.data as Uint8Array], [...Buffer.from(tail)], JSON.stringify(tail));
  }
  answers({ body: ` ${jsonAnswer}\r\n` });
  assert.equal((await new OipClient(server.url).infer(request)).outputs.length, 1);
});

const wholeTypes: [Tensor['datatype'], Tensor['data'], unknown[]][] = [
  ['BOOL', Uint8Array.of(1, 0), [true, false]], ['UINT8', Uint8Array.of(0, 255), [0, 255]], ['UINT16', Uint16Array.of(0, 65535), [0, 65535]],
  ['UINT32', Uint32Array.of(0, 4294967295), [0, 4294967295]], ['UINT64', BigUint64Array.of(0n, 2n ** 53n - 1n), [0, 2 ** 53 - 1]],
  ['INT8', Int8Array.of(-128, 127), [-128, 127]], ['INT16', Int16Array.of(-32768, 1), [-32768, 1]], ['INT32', Int32Array.of(-(2 ** 31), 1), [-(2 ** 31), 1]],
  ['INT64', BigInt64Array.of(-5n, 7n), [-5, 7]], ['FP32', Float32Array.of(0.1, -1e30), [Math.fround(0.1), Math.fround(-1e30)]], ['FP64', Float64Array.of(0.1, 1e300), [0.1, 1e300]],
  ['BYTES', [Buffer.from('a'), Buffer.from('ü')].map((bytes) => new Uint8Array(bytes)), ['a', 'ü']],
];
for (const [datatype, data, json] of wholeTypes) {
  test(`${datatype} goes and comes as binary and as JSON`, async () => {
    for (const binary of [true, false]) {
      server.asked.length = 0;
      server.script = ({ body, headers }) => {
        // Echoes the input as the output, in the bytes in which it came.
        const length = Number(headers['inference-header-content-length'] ?? body.length);
        const { inputs } = JSON.parse(body.subarray(0, length).toString()) as { inputs: unknown[] };
        const head = Buffer.from(JSON.stringify({ outputs: inputs }));
        return { headers: binary ? { 'inference-header-content-length': String(head.length) } : {}, body: Buffer.concat([head, body.subarray(length)]) };
      };
      const { outputs } = await new OipClient(server.url, { binary }).infer({ model: 'm', inputs: [{ name: 'x', datatype, shape: [2], data }] });
      assert.deepEqual(outputs[0]?.data, data);
      if (!binary) assert.deepEqual((JSON.parse(server.asked[0]?.body.toString() ?? '') as { inputs: { data: unknown[] }[] }).inputs[0]?.data, json);
    }
  });
}

const errorBodies: [number, string, OipErrorKind, string][] = [
  [400, '{"error":"wrong shape"}', 'bad_request', 'wrong shape'], // Triton, OpenVINO Model Server, MLServer
  [404, '{"error":"Model with name m does not exist."}', 'not_found', 'Model with name m does not exist.'],
  [422, '{"detail":[{"loc":["body","inputs",0],"msg":"field required","type":"missing"}]}', 'bad_request', 'body.inputs.0: field required'], // FastAPI
  [500, '{"detail":"boom"}', 'server', 'boom'],
  [503, '{"code":503,"type":"ServiceUnavailableException","message":"Model is busy"}', 'overloaded', 'Model is busy'], // TorchServe
  [413, '{"statusCode":413,"code":"FST_ERR","error":"Payload Too Large","message":"body is too large"}', 'too_large', 'body is too large'],
  [401, '{"error":{"code":401,"message":"bad token"}}', 'unauthorized', 'bad token'],
  [400, '{"type":"about:blank","title":"Bad","detail":"why","status":400}', 'bad_request', 'why'], // RFC 9457
  [500, '{"status":{"code":-1,"info":"java.lang.Exception","reason":"MICROSERVICE","status":"FAILURE"}}', 'server', 'java.lang.Exception'], // Seldon
  [502, '<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head></html>', 'server', '502 Bad Gateway'],
  [504, 'upstream request timeout', 'timeout', 'upstream request timeout'], // Envoy
  [403, '', 'unauthorized', ''], [500, '[]', 'server', '[]'], [500, 'null', 'server', 'null'], [500, '{"error":', 'server', '{"error":'],
];
for (const [status, body, kind, said] of errorBodies) {
  test(`status ${status} with ${body.slice(0, 40) || 'nothing'} is ${kind}`, async () => {
    answers({ status, body });
    const error = await errorOf(new OipClient(server.url).infer(request), kind);
    assert.equal(error.message, `inference with "m": status ${status}${said === '' ? '' : `: ${said}`}`);
    assert.equal(error.status, status);
  });
}

test('an error in place of outputs is one, whatever the status', async () => {
  answers({ body: '{"error":"out of memory"}' });
  assert.equal((await errorOf(new OipClient(server.url).infer(request), 'server')).message, 'inference with "m": out of memory');
});

test('Retry-After is read as seconds and as a date', async () => {
  answers({ status: 503, headers: { 'Retry-After': '7' } });
  assert.equal((await errorOf(new OipClient(server.url).infer(request), 'overloaded')).retryAfterMs, 7000);
  answers({ status: 429, headers: { 'Retry-After': new Date(Date.now() + 60_000).toUTCString() } });
  const { retryAfterMs } = await errorOf(new OipClient(server.url).infer(request), 'overloaded');
  assert.ok(retryAfterMs !== undefined && retryAfterMs > 50_000 && retryAfterMs <= 60_000);
});

const output = (entry: string): string => `{"outputs":[${entry}]}`;
const badAnswers: [string, string | Uint8Array, Record<string, string>?][] = [
  ['the body is not JSON: ', 'garbage'], ['the body is no JSON object: []', '[]'], ['"outputs" is a list of tensors, not undefined', '{}'],
  ['the body is not JSON: ', jsonAnswer.slice(0, 40)],
  ['Inference-Header-Content-Length is "999", the body has 3 bytes', '{} ', { 'Inference-Header-Content-Length': '999' }],
  ['Inference-Header-Content-Length is "-1", the body has 3 bytes', '{} ', { 'Inference-Header-Content-Length': '-1' }],
  ['outputs[0] has no name', output('{}')], ['outputs[0] "y": unknown datatype "FP31"', output('{"name":"y","datatype":"FP31","shape":[1],"data":[1]}')],
  ['outputs[0] "y": "shape" is a list of at most 16 sizes, not [-1]', output('{"name":"y","datatype":"FP32","shape":[-1],"data":[1]}')],
  ['outputs[0] "y": "shape" is a list of at most 16 sizes, not [1.5]', output('{"name":"y","datatype":"FP32","shape":[1.5],"data":[1]}')],
  ['outputs[0] "y": more than 268435456 elements', output('{"name":"y","datatype":"FP32","shape":[1000000,1000000],"data":[1]}')],
  ['outputs[0] "y": 2 elements by its shape, got 1', output('{"name":"y","datatype":"FP32","shape":[2],"data":[1]}')],
  ['outputs[0] "y": more than the 1 elements of its shape', output('{"name":"y","datatype":"FP32","shape":[1],"data":[[1,2]]}')],
  ['outputs[0] "y": element 0 is no FP32: null', output('{"name":"y","datatype":"FP32","shape":[1],"data":[null]}')],
  ['outputs[0] "y": element 0 is no UINT8: 256', output('{"name":"y","datatype":"UINT8","shape":[1],"data":[256]}')],
  ['outputs[0] "y": element 0 is no INT64: 9007199254740992', output('{"name":"y","datatype":"INT64","shape":[1],"data":[9007199254740993]}')],
  ['outputs[0] "y": 8 bytes are announced, 7 are left', `${output('{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}')}1234567`],
  ['2 bytes follow the last tensor', `${output('{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}')}1234567890`],
  ['outputs[0] "y": 2 elements of FP32 have 8 bytes, got 4', `${output('{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":4}}')}1234`],
  ['outputs[0] "y": binary_data_size is a number of bytes, not -4', output('{"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":-4}}')],
  ['outputs[1] "y" is there twice', output('{"name":"y","datatype":"FP32","shape":[0],"data":[]},{"name":"y","datatype":"FP32","shape":[0],"data":[]}')],
  ['outputs[0] "y": the bytes are not 2 strings with their lengths', `${output('{"name":"y","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":4}}')}\u0001\u0000\u0000\u0000`],
  ['outputs[0] "y": lists nested more than 16 deep', output(`{"name":"y","datatype":"FP32","shape":[1],"data":${'['.repeat(20)}1${']'.repeat(20)}}`)],
];
for (const [message, body, headers] of badAnswers) {
  test(`a bad answer: ${message}`, async () => {
    answers({ body, ...(headers ? { headers } : {}) });
    const error = await errorOf(new OipClient(server.url).infer(request), 'protocol');
    assert.ok(message.endsWith(': ') ? error.message.startsWith(message) : error.message === message, error.message);
  });
}

test('an answer larger than the caller bears is not read to its end', async () => {
  answers({ body: Buffer.alloc(5000) });
  assert.equal((await errorOf(new OipClient(server.url, { binary: true, maxResponseBytes: 1000 }).infer(request), 'protocol')).message, 'the answer has more than 1000 bytes');
});

test('redirects are not followed', async () => {
  answers({ status: 307, headers: { Location: 'http://elsewhere.invalid/' } });
  const error = await errorOf(new OipClient(server.url).infer(request), 'protocol');
  assert.equal(error.message, 'inference with "m": the server redirects to http://elsewhere.invalid/; use that URL');
});

test('a deadline ends a call that hangs before or within its answer; a signal ends it too', async () => {
  const client = new OipClient(server.url, { binary: true });
  for (const script of [() => undefined, (_: unknown, response: { writeHead(status: number): { write(text: string): unknown } }) => { response.writeHead(200).write('{'); return undefined; }]) {
    server.script = script;
    const begin = performance.now();
    assert.match((await errorOf(client.infer(request, { timeoutMs: 60 }), 'timeout')).message, /^inference with "m": no whole answer within 60 ms$/);
    assert.ok(performance.now() - begin < 2000);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 20);
    await errorOf(client.infer(request, { signal: controller.signal }), 'aborted');
  }
  await errorOf(client.infer(request, { signal: AbortSignal.abort() }), 'aborted');
});

test('one caller who stops waiting for what a server can do stops no other', async () => {
  const slow = await scriptedServer(({ path }, response) => {
    if (path !== '/v2') return { body: jsonAnswer };
    setTimeout(() => response.end('{"extensions":[]}'), 150);
    return undefined;
  });
  const client = new OipClient(slow.url);
  const controller = new AbortController();
  const first = errorOf(client.infer(request, { signal: controller.signal }), 'aborted');
  const second = client.infer(request);
  setTimeout(() => controller.abort(), 20);
  await first;
  assert.equal((await second).outputs.length, 1);
});

test('no server, and one that hangs up', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  assert.match((await errorOf(new OipClient(`http://127.0.0.1:${port}`).serverLive(), 'unreachable')).message, /cannot be reached: .*ECONNREFUSED/);
  server.script = (_, response) => { response.destroy(); return undefined; };
  await errorOf(new OipClient(server.url, { binary: true }).infer(request), 'unreachable');
});

test('health and metadata', async () => {
  const client = new OipClient(server.url);
  const said = new Map<string, Scripted>([
    ['/v2/health/live', {}], ['/v2/health/ready', { status: 503, body: '{"ready":false}' }], ['/v2/models/a%2Fb/ready', { body: '{"name":"a/b","ready":false}' }],
    ['/v2/models/m/versions/2', { body: '{"name":"m","versions":["2"],"platform":"p","inputs":[{"name":"x","datatype":"FP32","shape":["-1",3]}],"outputs":[]}' }],
    ['/v2/models/odd', { body: '{"name":"odd","inputs":[{"name":"x"}],"outputs":[]}' }],
  ]);
  server.script = ({ path }) => said.get(path) ?? { status: 404, body: '{"error":"no"}' };
  assert.equal(await client.serverLive(), true);
  assert.equal(await client.serverReady(), false);
  assert.equal(await client.modelReady('a/b'), false);
  assert.equal(await client.modelReady('none'), false);
  assert.deepEqual(await client.modelMetadata('m', '2'), {
    name: 'm', versions: ['2'], platform: 'p', inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }], outputs: [], parameters: {},
  });
  assert.equal((await errorOf(client.modelMetadata('odd'), 'protocol')).message, 'inputs[0] of the model\'s metadata is no tensor: {"name":"x"}');
  await errorOf(client.serverMetadata(), 'not_found');
});

test('what the caller does wrong is said before anything is sent', async () => {
  server.asked.length = 0;
  for (const url of ['nonsense', 'ftp://x', 'http://u:p@x', 'http://x/?a']) assert.throws(() => new OipClient(url), (thrown: unknown) => thrown instanceof OipError && thrown.kind === 'invalid_argument');
  const json = new OipClient(server.url, { binary: false });
  const wrong: [Partial<Tensor>, string][] = [
    [{ data: Float32Array.of(1) }, 'tensor "x": shape [1, 2] needs 2 elements, got 1'], [{ data: Uint8Array.of(1, 2) }, 'tensor "x": "FP32" takes Float32Array'],
    [{ data: Float32Array.of(1, NaN) }, 'tensor "x": element 1 is NaN, which JSON cannot say'],
    [{ datatype: 'INT64', data: BigInt64Array.of(0n, 2n ** 60n) }, `tensor "x": ${2n ** 60n} has no exact form in JSON; send it as binary`],
  ];
  for (const [change, message] of wrong) {
    assert.equal((await errorOf(json.infer({ model: 'm', inputs: [{ ...tensor, ...change }] }), 'invalid_argument')).message, message);
  }
  await errorOf(json.infer({ model: '..', inputs: [tensor] }), 'invalid_argument');
  assert.equal(server.asked.length, 0);
});

test('the list of models, where a server has one', async () => {
  const client = new OipClient(server.url);
  answers({ body: '[{"name":"a","version":"1","state":"READY"},{"name":"a","version":"2","state":"READY"},{"name":"b"},{"name":"c","state":"UNAVAILABLE"},{"version":"1"},7]' });
  assert.deepEqual(await client.modelNames(), ['a', 'b']);
  const [asked] = server.asked;
  assert.deepEqual([asked?.method, asked?.path, asked?.body.toString()], ['POST', '/v2/repository/index', '{}']);
  answers({ body: '{"models":[]}' });
  assert.equal((await errorOf(client.modelNames(), 'protocol')).message, 'the list of models is no list: {"models":[]}');
  answers({ body: '[' });
  await errorOf(client.modelNames(), 'protocol');
  answers({ status: 404, body: '{"error":"no"}' });
  await errorOf(client.modelNames(), 'not_found');
});
