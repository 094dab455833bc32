// `offramp serve` as its operators meet it: what it says of itself, batches, workers, a gateway, TLS, figures, and how it ends.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { test } from 'node:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { createStagedSession, readPlan } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { OipClient, OipError, type Tensor } from '@offramp/oip';
import { offramp, start, temporaryFolder } from '../cli/command.js';
import { sample, stagedPackage, without } from './staged_package.js';
import { serving, writePackage, type Serving } from './serving.js';

const engine = await loadNodeEngine();
const files = await stagedPackage(engine);
const path = writePackage(files);
const runtime = engine.createRuntime(files);
const plan = readPlan(runtime.manifest());
const shape = plan.stages[1]?.inputShape ?? [];

/** Boundary tensors of rows that go on from stage 0, as one. */
function boundaries(count: number): Tensor {
  const pieces: Uint8Array[] = [];
  for (let row = 0; pieces.length < count; row += 1) {
    const first = runtime.begin(sample(row));
    if ('needsStage' in first) pieces.push(first.needsStage.boundary.data);
  }
  const bytes = new Uint8Array(Buffer.concat(pieces));
  return { name: 'boundary', datatype: 'FP32', shape: [count, ...shape], data: new Float32Array(bytes.buffer) };
}

async function figures({ url }: Serving): Promise<Map<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of text.trim().split('\n')) assert.match(line, /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+)$/);
  return new Map(text.trim().split('\n').filter((line) => !line.startsWith('#')).map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

test('what it says of itself and its models', async () => {
  const client = new OipClient((await serving([path, '--stages', '1..'])).url);
  assert.deepEqual([await client.serverLive(), await client.serverReady(), await client.modelReady('from_1', '1'), await client.modelReady('from_0')], [true, true, true, false]);
  assert.deepEqual(await client.serverMetadata(), { name: 'offramp', version: '0.1.0', extensions: ['binary_tensor_data'] });
  const stage = await client.modelMetadata('stage_1', '1');
  assert.deepEqual([stage.versions, stage.platform, stage.inputs], [['1'], 'offramp', [{ name: 'boundary', datatype: 'FP32', shape: [-1, ...shape] }]]);
  assert.deepEqual(stage.outputs, [{ name: 'logits', datatype: 'FP32', shape: [-1, 10] }, { name: 'next_boundary', datatype: 'FP32', shape: [-1, ...plan.stages[2]?.inputShape ?? []] }]);
  assert.deepEqual((await client.modelMetadata('stage_2')).outputs, [{ name: 'logits', datatype: 'FP32', shape: [-1, 10] }]);
  const bytes = await client.modelMetadata('from_1_u8');
  assert.deepEqual(bytes.inputs.map(({ name, datatype }) => [name, datatype]), [['boundary', 'UINT8'], ['boundary_scale', 'FP32'], ['boundary_zero_point', 'INT32']]);
  assert.deepEqual(bytes.outputs.map(({ name }) => name), ['probabilities', 'class', 'exit', 'score', 'degraded']);
});

test('several rows in one request, as JSON and as binary, are those of one row each', async () => {
  const { url } = await serving([path, '--stages', '1..']);
  const rows = 5;
  const input = boundaries(rows);
  const answers = await Promise.all([true, false].flatMap((binary) => ['stage_1', 'from_1'].map((model) => new OipClient(url, { binary }).infer({ model, inputs: [input], id: 'i' }))));
  for (const { outputs, id } of answers) {
    assert.equal(id, 'i');
    const each = Array.from({ length: rows }, (_, row) => runtime.runStage(1, { dtype: 'f32', dims: [1, ...shape], data: rowOf(input, row) }));
    const exits = outputs.find(({ name }) => name === 'exit');
    if (exits === undefined) {
      const boundary = outputs.find(({ name }) => name === 'next_boundary')?.data as Float32Array;
      each.forEach((result, row) => {
        if ('needsStage' in result) assert.deepEqual(rowOf({ ...input, data: boundary, shape: [rows] }, row), result.needsStage.boundary.data);
      });
      continue;
    }
    each.forEach((result, row) => {
      if ('exited' in result) assert.equal((exits.data as Int32Array)[row], 1);
      else assert.equal((exits.data as Int32Array)[row], 2);
    });
  }
});

function rowOf({ data, shape: [rows] }: Tensor, row: number): Uint8Array {
  const values = data as Float32Array;
  const length = values.length / (rows as number);
  return new Uint8Array(values.slice(row * length, (row + 1) * length).buffer);
}

test('requests that wait run together; the delay makes them wait; workers share them', async () => {
  const delayed = await serving([path, '--stages', '1..', '--batch-delay-ms', '300', '--batch', '8', '--workers', '2']);
  const client = new OipClient(delayed.url);
  await client.serverMetadata();
  const answers = await Promise.all(Array.from({ length: 16 }, () => client.infer({ model: 'from_1', inputs: [boundaries(1)] })));
  assert.equal(new Set(answers.map(({ outputs }) => String(outputs[0]?.data))).size, 1);
  const seen = await figures(delayed);
  assert.equal(seen.get('offramp_batch_rows_sum'), 16);
  assert.ok((seen.get('offramp_batch_rows_count') ?? 16) <= 4, 'they ran together');
  assert.equal(seen.get('offramp_workers'), 2);
  assert.equal(seen.get('offramp_queue_rows'), 0);
  assert.equal(seen.get('offramp_requests_total{model="from_1",code="200"}'), 16);
  assert.equal(seen.get('offramp_request_seconds_count'), 16);
});

test('a gateway: another server behind a token and this one\'s limits', async () => {
  const behind = await serving([path, '--stages', '1..'], { OFFRAMP_TOKEN: 'inner' });
  const gateway = await serving(['--upstream', behind.url, '--max-body-mib', '1'], { OFFRAMP_TOKEN: 'outer', OFFRAMP_UPSTREAM_TOKEN: 'inner' });
  const client = new OipClient(gateway.url, { token: 'outer' });
  assert.deepEqual([await client.serverReady(), await client.modelReady('stage_1'), await client.modelReady('none')], [true, true, false]);
  assert.deepEqual(await client.modelMetadata('stage_1'), await new OipClient(behind.url, { token: 'inner' }).modelMetadata('stage_1'));
  assert.deepEqual(await client.modelNames(), await new OipClient(behind.url, { token: 'inner' }).modelNames());
  const session = createStagedSession(engine, without(files, 1, 2), { remotes: [{ url: gateway.url, from: 1, client: { token: 'outer' } }] });
  for (let row = 0; row < 10; row += 1) {
    const { degraded, probabilities } = await session.run(sample(row));
    assert.equal(degraded, false);
    assert.deepEqual(probabilities, runtime.run(sample(row)).probabilities);
  }
  const kindOf = (work: Promise<unknown>): Promise<unknown> => work.then(() => 'fine', (thrown: unknown) => (thrown instanceof OipError ? [thrown.kind, thrown.status] : thrown));
  assert.deepEqual(await kindOf(new OipClient(gateway.url, { token: 'inner' }).serverMetadata()), ['unauthorized', 401]);
  assert.deepEqual(await kindOf(client.infer({ model: 'none', inputs: [boundaries(1)] })), ['not_found', 404]);
  assert.deepEqual(await kindOf(client.infer({ model: '../../metrics', inputs: [boundaries(1)] })), ['not_found', 404]);
  assert.deepEqual(await kindOf(client.infer({ model: 'stage_1', inputs: [boundaries(50)] })), ['too_large', 413]);
  behind.kill('SIGKILL');
  await behind.ended;
  assert.deepEqual(await kindOf(client.infer({ model: 'stage_1', inputs: [boundaries(1)] })), ['server', 502]);
  assert.deepEqual([await client.serverLive(), await client.serverReady()], [true, false]);
});

test('TLS by files', async () => {
  const folder = temporaryFolder();
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=localhost', '-days', '1', '-keyout', key, '-out', cert], { stdio: 'pipe' });
  const { url } = await serving([path, '--tls-cert', cert, '--tls-key', key]);
  assert.match(url, /^https:/);
  const status = await new Promise((resolve, reject) => {
    httpsRequest(`${url}/v2/health/ready`, { ca: readFileSync(cert), servername: 'localhost', checkServerIdentity: () => undefined }, ({ statusCode }) => resolve(statusCode)).on('error', reject).end();
  });
  assert.equal(status, 200);
});

test('asked to end, it answers what it has taken, and leaves with 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const ending = await serving([path, '--stages', '1..', '--batch-delay-ms', '400']);
    const client = new OipClient(ending.url);
    await client.serverMetadata();
    const waiting = client.infer({ model: 'from_1', inputs: [boundaries(1)] });
    await new Promise((resolve) => setTimeout(resolve, 100));
    ending.kill(signal);
    assert.equal((await waiting).outputs.length, 5);
    const { code, err } = await ending.ended;
    assert.equal(code, 0, err);
    await assert.rejects(new OipClient(ending.url).serverLive(), { kind: 'unreachable' });
  }
});

test('logs are JSON lines, and name what was refused', async () => {
  const talking = await serving([path, '--stages', '1..']);
  await fetch(`${talking.url}/v2/models/none`);
  talking.kill('SIGTERM');
  const { err } = await talking.ended;
  const lines = err.trim().split('\n').map((line) => JSON.parse(line) as { msg: string; url?: string; status?: number });
  assert.ok(lines.some(({ url, status, msg }) => url === '/v2/models/none' && status === 404 && msg.startsWith('unknown model "none"')), err);
});

const refused: [string[], string][] = [
  [[], 'serve needs PACKAGE, or --upstream URL (see offramp serve --help)'],
  [[path, '--upstream', 'http://x'], 'serve takes a PACKAGE, or --upstream URL for a gateway, not both'],
  [['--upstream', 'http://x', '--workers', '2'], '--workers is for a PACKAGE; a gateway runs nothing itself'],
  [['--upstream', 'nowhere'], '--upstream is an address such as http://fog:8700, not "nowhere"'],
  [[path, '--stages', '3'], '--stages is a stage or a range such as 1.. or 1..2, of 0 to 2; not "3"'],
  [[path, '--stages', '2..1'], '--stages is a stage or a range such as 1.. or 1..2, of 0 to 2; not "2..1"'],
  [[path, '--stages', '1..', '--offload', 'http://x'], '--offload has nothing to offload: all later stages run here; say which with --stages, such as 1..1'],
  [[path, '--allow-origin', 'example.org'], '--allow-origin is * or origins such as https://example.org, not "example.org"'],
  [[path, '--tls-cert', 'x'], '--tls-cert and --tls-key go together'],
  [[path, '--tls-cert', '/nowhere', '--tls-key', '/nowhere'], '/nowhere cannot be read: it does not exist'],
  [[path, '--host', '203.0.113.1'], 'cannot listen at 203.0.113.1, port 8700: '],
];
for (const [args, message] of refused) {
  test(`refused: serve ${args.map((arg) => (arg === path ? 'PACKAGE' : arg)).join(' ')}`, async () => {
    const { code, err } = await offramp('serve', ...args);
    assert.equal(code, 2, err);
    assert.ok(err.startsWith(`offramp: error: ${message}`), err);
  });
}

test('a package that does not load is refused before anything listens', async () => {
  const broken = files.map(({ name, bytes }) => ({ name, bytes: name === 'stages/1.onnx' ? bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)) : bytes }));
  const { code, err } = await offramp('serve', writePackage(broken), '--port', '0');
  assert.equal(code, 3);
  assert.match(err, /stages\/1\.onnx: manifest\.json says sha256/);
});

test('offramp run --offload: the answer of the whole, where its stages ran, and what is said when the server is gone', async () => {
  const fog = await serving([path, '--stages', '1..'], { OFFRAMP_TOKEN: 't' });
  const input = join(temporaryFolder(), 'sample.json');
  const row = Array.from({ length: 50 }, (_, at) => at).find((at) => runtime.run(sample(at)).exit === 2) ?? NaN;
  const { data } = sample(row);
  writeFileSync(input, JSON.stringify([Array.from({ length: 28 }, (_, line) => [...new Float32Array(data.buffer).subarray(line * 28, (line + 1) * 28)])]));
  const wanted = runtime.run(sample(row));
  const run = (...args: string[]): ReturnType<typeof start>['ended'] => start(['run', path, '--input', input, '--offload', fog.url, ...args], { OFFRAMP_TOKEN: 't' }).ended;
  interface Told { class: number; probabilities: number[]; exit: number; degraded: boolean; why: { how: string; reason: string } | null; macs: number; trace: { where: string; attempts: number }[] }
  const told = JSON.parse((await run('--json')).out) as Told;
  assert.deepEqual([told.class, told.exit, told.probabilities, told.degraded, told.why], [wanted.predictedClass, 2, [...wanted.probabilities], false, null]);
  assert.deepEqual(told.trace.map(({ where, attempts }) => [where, attempts]), [['here', 1], [fog.url, 1]]);
  assert.match((await run()).out, new RegExp(`^stages 1 to 2 +[0-9.]+ .s at ${fog.url}, [0-9,]+ bytes sent$`, 'm'));
  fog.kill('SIGKILL');
  await fog.ended;
  const alone = JSON.parse((await run('--json')).out) as Told;
  assert.deepEqual([alone.probabilities, alone.degraded, alone.why?.how, alone.why?.reason], [[...wanted.probabilities], true, 'finished_here', 'unreachable']);
  assert.match((await run()).out, /^degraded +finished here: .*cannot be reached/m);
});
