// Hostile requests: a clear status and {"error": text}, and the server goes on serving.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { readPlan } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { sample, stagedPackage } from './staged_package.js';
import { serving, writePackage } from './serving.js';

const engine = await loadNodeEngine();
const files = await stagedPackage(engine);
const path = writePackage(files);
const runtime = engine.createRuntime(files);
const plan = readPlan(runtime.manifest());
const shape = [1, ...plan.stages[1]?.inputShape ?? []];
const elements = shape.reduce((product, size) => product * size, 1);
const server = await serving([path, '--stages', '1..', '--max-body-mib', '1', '--batch', '8', '--log-level', 'silent']);
const infer = `${server.url}/v2/models/stage_1/infer`;

interface Parts {
  header: Record<string, unknown> | string;
  tail: Buffer;
  headerLength?: string;
}

function boundary(row: number): Buffer {
  for (let at = row; ; at += 1) {
    const first = runtime.begin(sample(at));
    if ('needsStage' in first) return Buffer.from(first.needsStage.boundary.data);
  }
}
const good = boundary(0);
const input = (change: Record<string, unknown> = {}): Record<string, unknown> => ({ name: 'boundary', datatype: 'FP32', shape, parameters: { binary_data_size: good.length }, ...change });
const request = (change: Partial<Parts> = {}): Parts => ({ header: { inputs: [input()], parameters: { binary_data_output: true } }, tail: good, ...change });

function encode({ header, tail, headerLength }: Parts): { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  return { body: new Uint8Array(Buffer.concat([json, tail])), headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': headerLength ?? String(json.length) } };
}

async function post(parts: Parts, url = infer, headers: Record<string, string> = {}): Promise<{ status: number; text: string; headers: Headers }> {
  const { body, headers: own } = encode(parts);
  const answer = await fetch(url, { method: 'POST', body, headers: { ...own, ...headers } });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

function messageOf(text: string): string {
  const { error, ...rest } = JSON.parse(text) as { error?: unknown };
  assert.ok(typeof error === 'string' && Object.keys(rest).length === 0, text);
  return error;
}

async function assertServes(): Promise<void> {
  const { status, text } = await post(request({ header: { inputs: [input()] } }));
  assert.equal(status, 200, text);
  const { outputs } = JSON.parse(text) as { outputs: { name: string; data: number[] }[] };
  const logits = new Float32Array(runtime.runRows(1, { dtype: 'f32', dims: shape, data: new Uint8Array(good) }).logits?.data.slice().buffer ?? new ArrayBuffer(0));
  assert.deepEqual(outputs.find(({ name }) => name === 'logits')?.data, [...logits]);
}

const nan = Buffer.from(good);
nan.writeFloatLE(NaN, 40);
const quoted = (text: string): string => JSON.stringify(text);
const bad: [string, Partial<Parts>, number, string | RegExp][] = [
  ['no JSON', { header: 'nonsense' }, 400, /^the body is not JSON: /],
  ['no object', { header: '[]', tail: Buffer.alloc(0) }, 400, 'the body is no JSON object: []'],
  ['no inputs', { header: {}, tail: Buffer.alloc(0) }, 400, '"inputs" is a list of tensors, not undefined'],
  ['a header longer than the body', { headerLength: '99999999' }, 413, /bytes of JSON; at most \d+ are read$/],
  ['a header a little too long', { headerLength: String(60_000 + good.length) }, 400, /^Inference-Header-Content-Length is "\d+", the body has \d+ bytes$/],
  ['a negative header length', { headerLength: '-5' }, 400, /^Inference-Header-Content-Length is "-5"/],
  ['a header length that is no number', { headerLength: 'ten' }, 400, /^Inference-Header-Content-Length is "ten"/],
  ['a tensor longer than the body', { header: { inputs: [input({ parameters: { binary_data_size: good.length + 4 } })] } }, 400, `inputs[0] "boundary": ${good.length + 4} bytes are announced, ${good.length} are left`],
  ['a tensor of another length', { header: { inputs: [input({ parameters: { binary_data_size: 8 } })] }, tail: good.subarray(0, 8) }, 400, `inputs[0] "boundary": ${elements} elements of FP32 have ${4 * elements} bytes, got 8`],
  ['bytes left over', { tail: Buffer.concat([good, Buffer.alloc(3)]) }, 400, '3 bytes follow the last tensor'],
  ['NaN', { tail: nan }, 400, 'row 0 of stage 1\'s input is not finite'],
  ['a wrong type', { header: { inputs: [input({ datatype: 'INT32' })] } }, 400, 'model stage_1: input "boundary" is FP32, not INT32'],
  ['an unknown type', { header: { inputs: [input({ datatype: '__proto__' })] } }, 400, 'inputs[0] "boundary": unknown datatype "__proto__"'],
  ['a wrong shape', { header: { inputs: [input({ shape: [1, elements] })] } }, 400, `model stage_1: input "boundary" has shape [-1, ${shape.slice(1).join(', ')}], not [1, ${elements}]`],
  ['a shape whose product overflows', { header: { inputs: [input({ shape: [2 ** 40, 2 ** 40] })] } }, 400, 'inputs[0] "boundary": more than 268435456 elements'],
  ['no rows', { header: { inputs: [input({ shape: [0, ...shape.slice(1)], parameters: { binary_data_size: 0 } })] }, tail: Buffer.alloc(0) }, 400, 'model stage_1: 1 to 8 rows at once, not 0'],
  ['too many rows', { header: { inputs: [input({ shape: [9, ...shape.slice(1)], parameters: { binary_data_size: 9 * good.length } })] }, tail: Buffer.concat(new Array<Buffer>(9).fill(good)) }, 400, 'model stage_1: 1 to 8 rows at once, not 9'],
  ['a missing input', { header: { inputs: [] }, tail: Buffer.alloc(0) }, 400, 'model stage_1: input "boundary" is missing'],
  ['a surplus input', { header: { inputs: [input(), { name: 'z', datatype: 'FP32', shape: [1], data: [1] }] } }, 400, 'model stage_1: unknown input "z"'],
  ['an input twice', { header: { inputs: [input(), input()] }, tail: Buffer.concat([good, good]) }, 400, 'inputs[1] "boundary" is there twice'],
  ['an unknown output', { header: { inputs: [input()], outputs: [{ name: 'secrets' }] } }, 400, 'model stage_1 has the outputs logits, next_boundary, not "secrets"'],
  ['lists nested deep', { header: `{"inputs":[{"name":"boundary","datatype":"FP32","shape":${JSON.stringify(shape)},"data":${'['.repeat(20_000)}${']'.repeat(20_000)}}]}`, tail: Buffer.alloc(0) }, 400, 'inputs[0] "boundary": lists nested more than 16 deep'],
  ['more numbers than the shape', { header: `{"inputs":[{"name":"boundary","datatype":"FP32","shape":${JSON.stringify(shape)},"data":[${'1,'.repeat(elements)}1]}]}`, tail: Buffer.alloc(0) }, 400, `inputs[0] "boundary": more than the ${elements} elements of its shape`],
];
for (const [name, change, status, message] of bad) {
  test(`${name}: ${status}`, async () => {
    const answer = await post(request(change));
    assert.equal(answer.status, status, answer.text);
    if (typeof message === 'string') assert.equal(messageOf(answer.text), message);
    else assert.match(messageOf(answer.text), message);
    await assertServes();
  });
}

const paths: [string, number, RegExp][] = [
  ['/v2/models/none/infer', 404, /^unknown model "none"; served are stage_1 to stage_2 and from_1 to from_2, each also with _f16 and _u8$/], ['/v2/models/stage_0/infer', 404, /^unknown model "stage_0"/],
  ['/v2/models/stage_1/versions/2/infer', 404, /^model stage_1 has version 1, not "2"$/],
  ['/v2/models/..%2f..%2fetc%2fpasswd/infer', 404, /^unknown model "\.\.\/\.\.\/etc\/passwd"/], ['/v2/models/%2e%2e/infer', 404, /no such path|unknown model/],
  ['/v2/models/__proto__/infer', 404, /^unknown model "__proto__"/], ['/v2/models/%00/infer', 404, /^unknown model/],
  ['/v2/models/%E0%A4%A/infer', 400, /path is not one of the protocol/], [`/v2/models/${'x'.repeat(3000)}/infer`, 400, /^the path is not one of the protocol$/],
  ['/v2/models//infer', 404, /^(unknown model ""|no such path)/], ['/nothing', 404, /^no such path; the protocol's start with \/v2$/],
];
for (const [where, status, message] of paths) {
  test(`${quoted(where.slice(0, 50))}: ${status}`, async () => {
    const answer = await raw(`POST ${where} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
    assert.match(messageOf(answer.slice(answer.indexOf('\r\n\r\n') + 4)), message);
  });
}

/** What comes back for bytes as they are, until the server hangs up. */
function raw(text: string | Buffer, { host, port } = { host: '127.0.0.1', port: Number(new URL(server.url).port) }): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(text));
    const pieces: Buffer[] = [];
    socket.on('data', (piece) => pieces.push(piece));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(Buffer.concat(pieces).toString()));
  });
}

const start = 'POST /v2/models/stage_1/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
test('bodies beyond the limit are refused before they are read', async () => {
  const answer = await raw(`${start}Content-Length: 5000000\r\n\r\n`); // and nothing of it is sent
  assert.match(answer, /^HTTP\/1\.1 413 /);
  const chunk = `10000\r\n${'x'.repeat(65536)}\r\n`;
  assert.match(await raw(`${start}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(20)}0\r\n\r\n`), /^HTTP\/1\.1 413 /);
  await assertServes();
});

test('10,000 headers, no HTTP at all, a compressed body, another method', async () => {
  assert.match(await raw(`${start}${Array.from({ length: 10_000 }, (_, at) => `x-${at}: 1\r\n`).join('')}\r\n`), /^HTTP\/1\.1 431 [^]*"headers of more than 16384 bytes"/);
  assert.match(await raw('\u0000\u0001\u0002 hello\r\n\r\n'), /^HTTP\/1\.1 400 [^]*"this is no HTTP request"/);
  assert.match(await raw(`${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef`), /^HTTP\/1\.1 400 /);
  assert.match(await raw(`${start}Content-Encoding: gzip\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`), /^HTTP\/1\.1 415 [^]*"compressed bodies are not read"/);
  assert.match(await raw('DELETE /v2/models/stage_1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 404 /);
  await assertServes();
});

test('clients that send slowly are hung up on; meanwhile others are served', async () => {
  const begin = performance.now();
  const slow = Array.from({ length: 20 }, () => raw('POST /v2/models/stage_1/infer HTTP/1.1\r\nHost: x\r\nX-A'));
  await assertServes();
  for (const answer of await Promise.all(slow)) assert.match(answer, /^HTTP\/1\.1 408 [^]*"the request did not come in time"/);
  assert.ok(performance.now() - begin < 20_000);
});

test('2,000 mutated binary requests under load: answers or clear refusals, no crash, no leak', async () => {
  let state = 3;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const memory = async (): Promise<number> => Number(/^process_resident_memory_bytes (\d+)$/m.exec(await (await fetch(`${server.url}/metrics`)).text())?.[1]);
  const names = ['stage_1', 'from_1', 'stage_1_f16', 'from_1_u8', 'stage_2'];
  const statuses = new Map<number, number>();
  const mutate = async (): Promise<void> => {
    const { body, headers } = encode(request());
    const bytes = body;
    const header = Number(headers['inference-header-content-length']);
    for (let changes = 1 + random(3); changes > 0; changes -= 1) bytes[random(random(4) === 0 ? bytes.length : header)] = random(256);
    const cut = random(5) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    if (random(5) === 0) headers['inference-header-content-length'] = String(random(2 * header));
    const answer = await fetch(`${server.url}/v2/models/${names[random(names.length)]}/infer`, { method: 'POST', body: cut, headers });
    statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    if (answer.status === 200) await answer.arrayBuffer();
    else messageOf(await answer.text());
  };
  const flood = async (count: number): Promise<void> => {
    let left = count;
    await Promise.all(Array.from({ length: 16 }, async () => {
      while (left-- > 0) await mutate();
    }));
  };
  await flood(1000); // until memory has settled
  const before = await memory();
  await flood(1000);
  await assertServes();
  const grown = await memory() - before;
  assert.ok(grown < 48 * 2 ** 20, `${grown} bytes more`);
  assert.deepEqual([...statuses.keys()].filter((status) => status !== 200 && status !== 400 && status !== 413), []);
  assert.ok((statuses.get(200) ?? 0) > 20 && (statuses.get(400) ?? 0) > 200, JSON.stringify([...statuses]));
});

test('tokens: missing, wrong, right; probes need none', async () => {
  const guarded = await serving([path, '--stages', '1..', '--log-level', 'silent'], { OFFRAMP_TOKEN: 'open-sesame' });
  const where = `${guarded.url}/v2/models/stage_1/infer`;
  for (const [token, message] of [[undefined, 'a bearer token is needed'], ['Bearer wrong', 'the token is wrong'], ['Basic open-sesame', 'the token is wrong'], ['Bearer open-sesamE', 'the token is wrong'], ['Bearer', 'the token is wrong']] as const) {
    const answer = await post(request(), where, token === undefined ? {} : { authorization: token });
    assert.deepEqual([answer.status, messageOf(answer.text), answer.headers.get('www-authenticate')], [401, message, 'Bearer']);
  }
  assert.equal((await post(request(), where, { authorization: 'bearer open-sesame' })).status, 200);
  assert.equal((await fetch(`${guarded.url}/v2/health/live`)).status, 200);
  assert.equal((await fetch(`${guarded.url}/metrics`)).status, 401);
  assert.equal((await fetch(`${guarded.url}/v2`)).status, 401);
});

test('origins: pages of this machine and named ones may ask, others may not; preflights are kept and say what is exposed', async () => {
  const named = await serving([path, '--stages', '1..', '--allow-origin', 'https://a.example,https://b.example:8443', '--log-level', 'silent'], { OFFRAMP_TOKEN: 't' });
  const where = `${named.url}/v2/models/stage_1/infer`;
  const authorization = 'Bearer t';
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1', 'https://b.example:8443']) {
    const preflight = await fetch(where, { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' } });
    assert.equal(preflight.status, 204);
    assert.deepEqual(['allow-origin', 'allow-methods', 'max-age', 'allow-headers', 'allow-private-network'].map((name) => preflight.headers.get(`access-control-${name}`)),
      [origin, 'GET, POST', '7200', 'Authorization, Content-Type, Inference-Header-Content-Length', 'true']);
    const answer = await post(request(), where, { origin, authorization });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('access-control-allow-origin'), origin);
    assert.equal(answer.headers.get('access-control-expose-headers'), 'Inference-Header-Content-Length, Retry-After');
    assert.equal(answer.headers.get('vary'), 'Origin');
    assert.equal((await post(request(), where, { origin })).headers.get('access-control-allow-origin'), origin, 'a page may read why it is refused');
  }
  for (const origin of ['https://evil.example', 'https://b.example', 'http://localhost.evil.example', 'null', 'http://127.0.0.1.evil.example:80']) {
    const answer = await post(request(), where, { origin, authorization });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get('access-control-allow-origin'), null);
    assert.equal(messageOf(answer.text), `pages of the origin ${quoted(origin)} may not ask; --allow-origin names those that may`);
    assert.equal((await fetch(where, { method: 'OPTIONS', headers: { origin } })).status, 403);
  }
});

test('a full queue sends requests away with Retry-After; what it took it answers', async () => {
  const small = await serving([path, '--stages', '1..', '--queue', '4', '--batch', '1', '--log-level', 'silent']);
  const answers = await Promise.all(Array.from({ length: 40 }, () => post(request(), `${small.url}/v2/models/from_1/infer`)));
  const away = answers.filter(({ status }) => status === 503);
  assert.ok(away.length > 0 && away.length < 40, `${away.length} of 40`);
  assert.ok(answers.every(({ status }) => status === 200 || status === 503));
  assert.ok(away.every(({ headers, text }) => headers.get('retry-after') === '1' && /^\d rows wait already; come again later$/.test(messageOf(text))));
});

test('a deadline ends requests that wait, the server\'s own and the request\'s', async () => {
  const waiting = await serving([path, '--stages', '1..', '--batch-delay-ms', '1000', '--deadline-ms', '120', '--log-level', 'silent']);
  const where = `${waiting.url}/v2/models/stage_1/infer`;
  const own = await post(request(), where);
  assert.deepEqual([own.status, messageOf(own.text)], [504, 'no answer within 120 ms']);
  const shorter = await post(request({ header: { inputs: [input()], parameters: { timeout: 30_000 } } }), where);
  assert.deepEqual([shorter.status, messageOf(shorter.text)], [504, 'no answer within 30 ms']);
});
