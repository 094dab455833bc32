// The protocol for hosts whose server is a function: routes, refusals, CORS and caps, without a socket. tests/hosts has it on workerd.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createStagedSession, readPlan } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { fetchHandler, localService, type FetchHandlerOptions } from '@offramp/engine/serving';
import { failure } from '../wasm/samples.js';
import { answeredHere, sample, stagedPackage, withLink, without } from './staged_package.js';

const engine = await loadNodeEngine();
after(() => engine.dispose());
const files = await stagedPackage(engine);
const service = localService(engine, files);
const errors: unknown[] = [];

async function ask(path: string, init: RequestInit & { duplex?: 'half' } = {}, options: FetchHandlerOptions = {}): Promise<{ status: number; body: unknown; headers: Headers }> {
  const { status, headers, body } = await fetchHandler(service, { onError: (thrown) => errors.push(thrown), ...options })(new Request(`http://fog${path}`, init));
  return { status, headers, body: body === null ? null : await new Response(body).json() };
}

test('routes say what is there', async () => {
  assert.deepEqual((await ask('/v2/health/live')).body, { live: true });
  assert.deepEqual((await ask('/v2/health/ready')).body, { ready: true });
  assert.deepEqual((await ask('/v2')).body, { name: 'offramp', version: '0.1.0', extensions: ['binary_tensor_data'] });
  assert.equal(((await ask('/v2/repository/index', { method: 'POST', body: '{}' })).body as unknown[]).length, 12);
  assert.equal(((await ask('/v2/models/stage_1')).body as { name: string }).name, 'stage_1');
  assert.deepEqual((await ask('/v2/models/from_2_u8/versions/1/ready')).body, { ready: true });
});

test('a session\'s answers come through it, in every encoding of the link', async () => {
  for (const encoding of ['f32', 'f16', 'u8'] as const) {
    const linked = withLink(files, encoding);
    const handle = fetchHandler(localService(engine, linked));
    const fetchHere = (input: string | URL | Request, init?: RequestInit): Promise<Response> => handle(new Request(input, init));
    const session = createStagedSession(engine, without(linked, 1, 2), { remotes: [{ url: 'http://fog', from: 1, client: { fetch: fetchHere } }] });
    for (let row = 0; row < 20; row += 1) {
      const { predictedClass, exit, score, probabilities, degraded } = await session.run(sample(row));
      assert.deepEqual({ predictedClass, exit, score, probabilities }, answeredHere(engine, linked, row, encoding));
      assert.equal(degraded, false);
    }
    session.dispose();
  }
});

const refusals: [string, string, RequestInit & { duplex?: 'half' }, number, string][] = [
  ['another path', '/metrics', {}, 404, 'no such path; the protocol\'s start with /v2'],
  ['another method', '/v2/models/stage_1/infer', {}, 404, 'no such path; the protocol\'s start with /v2'],
  ['an unknown model', '/v2/models/stage_0', {}, 404, 'unknown model "stage_0"; served are stage_1 to stage_2 and from_1 to from_2, each also with _f16 and _u8'],
  ['an unknown version', '/v2/models/stage_1/versions/2', {}, 404, 'model stage_1 has version 1, not "2"'],
  ['a broken name', '/v2/models/%E0%A4%A', {}, 400, 'the path is not one of the protocol'],
  ['a path in a name', '/v2/models/..%2f..%2fetc', {}, 404, 'unknown model "../../etc"; served are stage_1 to stage_2 and from_1 to from_2, each also with _f16 and _u8'],
  ['no input', '/v2/models/stage_1/infer', { method: 'POST', body: '{"inputs":[]}' }, 400, 'model stage_1: input "boundary" is missing'],
  ['no JSON', '/v2/models/stage_1/infer', { method: 'POST', body: '[]' }, 400, 'the body is no JSON object: []'],
  ['a compressed body', '/v2/models/stage_1/infer', { method: 'POST', body: 'x', headers: { 'content-encoding': 'gzip' } }, 415, 'compressed bodies are not read'],
  ['an announced giant', '/v2/models/stage_1/infer', { method: 'POST', body: 'x'.repeat(2000), headers: { 'content-length': '2000' } }, 413, 'a body of more than 1000 bytes'],
];
for (const [what, path, init, status, text] of refusals) {
  test(`${what} is refused`, async () => {
    const reply = await ask(path, init, { mostBodyBytes: 1000 });
    assert.deepEqual([reply.status, reply.body], [status, { error: text }]);
  });
}

test('a body that never ends is read no further than its cap', async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull: (controller) => {
      pulled += 1;
      controller.enqueue(new Uint8Array(100));
    },
  });
  const reply = await ask('/v2/models/stage_1/infer', { method: 'POST', body, duplex: 'half' }, { mostBodyBytes: 1000 });
  assert.deepEqual([reply.status, reply.body], [413, { error: 'a body of more than 1000 bytes' }]);
  assert.ok(pulled < 20, `${pulled} pieces`);
});

test('pages of this machine and named ones may ask, others may not', async () => {
  const from = (origin: string, method = 'GET'): RequestInit => ({ method, headers: { origin } });
  const own = await ask('/v2', from('http://localhost:3000'));
  assert.equal(own.headers.get('access-control-allow-origin'), 'http://localhost:3000');
  assert.match(own.headers.get('access-control-expose-headers') ?? '', /Inference-Header-Content-Length/);
  const other = await ask('/v2', from('https://example.org'));
  assert.deepEqual([other.status, other.body, other.headers.get('access-control-allow-origin')], [403, { error: 'pages of the origin "https://example.org" may not ask' }, null]);
  assert.equal((await ask('/v2', from('https://example.org'), { origins: ['https://example.org'] })).status, 200);
  const preflight = await ask('/v2/models/stage_1/infer', from('http://localhost:3000', 'OPTIONS'));
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-methods')], [204, 'GET, POST']);
});

test('our own bug is told to the host and not to the client; a closed service answers 503', async () => {
  const broken = fetchHandler({ ...service, serverMetadata: () => Promise.reject(new Error('secret')) } as unknown as typeof service, { onError: (thrown) => errors.push(thrown) });
  const reply = await broken(new Request('http://fog/v2'));
  assert.deepEqual([reply.status, await reply.json()], [500, { error: 'an internal error; the server\'s log says more' }]);
  assert.match(String(errors.at(-1)), /secret/);
  const closing = localService(engine, files);
  await closing.close();
  const handle = fetchHandler(closing);
  assert.equal((await handle(new Request('http://fog/v2/health/ready'))).status, 503);
  const shape = [1, ...readPlan(engine.createRuntime(files).manifest()).stages[1]?.inputShape ?? []];
  const data = new Array<number>(shape.reduce((product, size) => product * size, 1)).fill(0);
  const late = await handle(new Request('http://fog/v2/models/stage_1/infer', { method: 'POST', body: JSON.stringify({ inputs: [{ name: 'boundary', datatype: 'FP32', shape, data }] }) }));
  assert.deepEqual([late.status, late.headers.get('retry-after'), await late.json()], [503, '1', { error: 'the server is going down' }]);
});

test('stages that are not there are refused', () => {
  assert.throws(() => localService(engine, files, { from: 3 }), failure('invalid_argument', 'stages from 3 to below 3: the package has stages 0 to 2'));
  assert.throws(() => localService(engine, files, { from: 1, to: 4 }), failure('invalid_argument', 'stages from 1 to below 4: the package has stages 0 to 2'));
});
