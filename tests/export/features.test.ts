// Extraction elsewhere: the exported feature model by ONNX's checker and ONNX Runtime, and a search whose rows a server extracts, in good times and bad.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { augmentModel, exportFeatures, featuresModelName, OfframpError, type AugmentHost, type AugmentOutcome } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import type { Fetch } from '@offramp/oip';
import { exampleModel, offramp, start, temporaryFolder, writeSquares, type Ended } from '../cli/command.js';
import { dataset } from '../serve/staged_package.js';
import { MemoryStore } from '../wasm/support/memory_store.js';
import { planOutline } from '../wasm/support/plan_outline.js';
import { checkOnnx, openSession } from './onnx_runtime.js';
import { readConfiguration, repositoryFetch } from './repository_server.js';

const engine = await loadNodeEngine();
const model = new Uint8Array(readFileSync(exampleModel));
const name = 'base_features';
const exported = exportFeatures(engine, model, name);
const contentOf = (file: string): Uint8Array => exported.find((candidate) => candidate.name === file)?.bytes ?? new Uint8Array(0);

const data = { train: dataset('train', 0, 300), select: dataset('train', 50_000, 50_300), test: dataset('t10k', 0, 200) };
const totalRows = 800;
const options = { maxDropPp: 2, epochs: 1, seed: 1, preprocess: [] };

const search = (fetch: Fetch, host: AugmentHost = {}, served = name): Promise<AugmentOutcome> =>
  augmentModel(engine, model, data, options, { ...host, extractOn: { url: 'http://gpu', model: served, client: { fetch } } });

test('the repository: ONNX\'s checker, the configuration against ONNX Runtime\'s view of the file, export.json', async () => {
  assert.deepEqual(exported.map((file) => file.name), [`${name}/config.pbtxt`, `${name}/1/model.onnx`, 'config.json', 'export.json']);
  const onnx = contentOf(`${name}/1/model.onnx`);
  checkOnnx(onnx);
  const session = await openSession(onnx);
  const configuration = readConfiguration(contentOf(`${name}/config.pbtxt`));
  assert.equal(configuration.name, name);
  assert.equal(configuration.maxBatchSize, 64);
  const seen = (list: typeof session.inputMetadata): unknown[] => list.map((tensor) => (tensor.isTensor ? { name: tensor.name, datatype: tensor.type === 'float32' ? 'FP32' : tensor.type, dims: tensor.shape.slice(1) } : tensor));
  assert.deepEqual(seen(session.inputMetadata), configuration.inputs);
  assert.deepEqual(seen(session.outputMetadata), configuration.outputs);
  assert.deepEqual(configuration.outputs.map((output) => output.name), ['features', 'logits']);
  const told = JSON.parse(new TextDecoder().decode(contentOf('export.json'))) as { models: unknown };
  assert.deepEqual(told.models, [{
    name, file: `${name}/1/model.onnx`, inputs: configuration.inputs.map(({ name: own, dims }) => ({ name: own, type: 'f32', dims })),
    outputs: configuration.outputs.map(({ name: own, dims }) => ({ name: own, type: 'f32', dims })),
  }]);
  assert.equal(featuresModelName('my net (v1.2)'), 'my_net_v1_2__features');
});

test('a search on a server\'s features comes to the plan of one that extracts here, with many requests under way', async () => {
  const asked: string[] = [];
  let [under, most] = [0, 0];
  const serve = repositoryFetch(exported, asked);
  const fetch: Fetch = async (url, init) => {
    under += 1;
    most = Math.max(most, under);
    await new Promise((resolve) => setTimeout(resolve, 20 * Math.random())); // answers overtake each other
    try {
      return await serve(url, init);
    } finally {
      under -= 1;
    }
  };
  const there = await search(fetch);
  const here = await augmentModel(engine, model, data, options);
  assert.ok(here.report.plan.exits.length > 0, 'else this tests little');
  assert.deepEqual(planOutline(there), planOutline(here));
  assert.ok(Math.abs(there.report.plan.accuracy - here.report.plan.accuracy) <= 0.005, `${there.report.plan.accuracy} for ${here.report.plan.accuracy}`);
  there.report.plan.exits.forEach(({ threshold }, exit) => assert.ok(Math.abs(threshold - (here.report.plan.exits[exit]?.threshold ?? NaN)) < 0.02));
  assert.ok(asked.length >= totalRows / 64 && asked.every((one) => one === name));
  assert.ok(most > 1 && most <= 8, `${most} at a time`);
  assert.ok(there.report.remarks?.includes(`features were extracted on http://gpu (model ${name})`));
});

test('a server that stumbles is asked again', async () => {
  const serve = repositoryFetch(exported, []);
  let requests = 0;
  const fetch: Fetch = async (url, init) => {
    if (!url.endsWith('/infer')) return serve(url, init);
    requests += 1;
    if (requests % 4 === 1) return Response.json({ error: 'busy' }, { status: 503, headers: { 'retry-after': '0' } });
    if (requests % 4 === 3) throw new TypeError('fetch failed');
    return serve(url, init);
  };
  const { report } = await search(fetch);
  assert.equal(report.rows.train + report.rows.select + report.rows.test, totalRows);
});

test('a server that goes for good: what it extracted is kept, and the same search goes on', async () => {
  const store = new MemoryStore();
  const serve = repositoryFetch(exported, []);
  let answered = 0;
  const dying: Fetch = async (url, init) => {
    if (url.endsWith('/infer') && answered >= 7) return Response.json({ error: 'no such model' }, { status: 404 });
    if (url.endsWith('/infer')) answered += 1;
    return serve(url, init);
  };
  await assert.rejects(search(dying, { kept: { store } }), (thrown) => thrown instanceof OfframpError && thrown.code === 'remote'
    && thrown.message === `extraction on http://gpu: inference with "${name}": status 404: no such model; does it serve ${name}, as offramp export --as features writes it?`);
  const asked: string[] = [];
  const resumed: number[] = [];
  const again = await search(repositoryFetch(exported, asked), { kept: { store, onResume: (rows) => resumed.push(rows) } });
  const whole = await search(repositoryFetch(exported, []));
  // Requests of 64 rows: five for the train rows, two of the select rows' five.
  assert.deepEqual(resumed, [300 + 2 * 64]);
  assert.equal(asked.length, 3 + 4, 'only the rest was asked for');
  assert.deepEqual(again.report.plan.exits, whole.report.plan.exits);
});

test('refusals: no such model, other tensors, another model, no server, a token that is wanted', async () => {
  const refused = async (searching: Promise<unknown>, code: string, message: string | RegExp): Promise<void> => {
    await assert.rejects(searching, (thrown) => {
      assert.ok(thrown instanceof OfframpError);
      assert.equal(thrown.code, code);
      if (typeof message === 'string') assert.equal(thrown.message, message);
      else assert.match(thrown.message, message);
      return true;
    });
  };
  const serve = repositoryFetch(exported, []);
  const frame = 'extraction on http://gpu: ';
  await refused(search(serve, {}, 'nothing'), 'remote', /^extraction on http:\/\/gpu: .*unknown model nothing; does it serve nothing, as offramp export --as features writes it\?$/);
  const plain: Fetch = async (url, init) => (url.endsWith(name) ? Response.json({ name, inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }], outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 4] }] }) : serve(url, init));
  await refused(search(plain), 'remote', `${frame}model ${name} does not give features and logits in FP32 for one input in FP32; is it the model that offramp export --as features writes?`);
  const down: Fetch = (url, init) => (url.endsWith('/infer') ? Promise.resolve(Response.json({ error: 'token?' }, { status: 401 })) : serve(url, init));
  await refused(search(down), 'remote', `${frame}inference with "${name}": status 401: token?; hand in the token that it wants (the command takes it from OFFRAMP_TOKEN)`);
  // The same shapes, other weights: only numbers can tell.
  const spoilt = exported.map((file) => (file.name.endsWith('.onnx') ? { ...file, bytes: withOtherWeights(file.bytes) } : file));
  await refused(search(repositoryFetch(spoilt, [])), 'invalid_data', /^data train 0 \(train\) > train rows: row \d+: (features of exit point \d+|logits) from the server differ by .* % of the largest from this model's own; it serves another model: export its features anew$/);
  const controller = new AbortController();
  const slow: Fetch = (url, init) => (url.endsWith('/infer') ? new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted')))) : serve(url, init));
  setTimeout(() => controller.abort(), 100);
  await refused(search(slow, { signal: controller.signal }), 'cancelled', 'stopped before the end; nothing was written');
  assert.equal(engine.liveHandles, 0);
});

/** Long runs of floats like weights, each negated. */
function withOtherWeights(onnx: Uint8Array): Uint8Array {
  const bytes = onnx.slice();
  const view = new DataView(bytes.buffer);
  const isWeight = (at: number): boolean => at + 4 <= bytes.length && Math.abs(view.getFloat32(at, true)) > 1e-6 && Math.abs(view.getFloat32(at, true)) < 4;
  for (let at = 0; at < bytes.length;) {
    let end = at;
    while (isWeight(end)) end += 4;
    if (end - at < 400) {
      at += 1;
      continue;
    }
    for (; at < end; at += 4) view.setFloat32(at, -view.getFloat32(at, true), true);
  }
  return bytes;
}

test('in a terminal: export, then augment --extract-on', async () => {
  const folder = temporaryFolder();
  const at = (file: string): string => join(folder, file);
  const written = await offramp('export', exampleModel, '--as', 'features', '-o', at('models'), '--json');
  assert.equal(written.code, 0, written.err);
  assert.deepEqual((JSON.parse(written.out) as { files: string[] }).files, exported.map((file) => file.name));
  for (const { name: file, bytes } of exported) assert.deepEqual(new Uint8Array(readFileSync(join(at('models'), file))), bytes, file);
  const tokens = new Set<string | undefined>();
  const serve = repositoryFetch(exported, []);
  const server = createServer((request, response) => {
    tokens.add(request.headers.authorization);
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers = new Headers(Object.entries(request.headers).map(([key, value]): [string, string] => [key, String(value)]));
      void serve(`http://here${request.url}`, { method: request.method ?? 'GET', headers, ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}) }).then(async (answer) => {
        response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const rows = ['--data', writeSquares(at('train.npz'), 200, 1), '--select', writeSquares(at('select.npz'), 100, 2), '--test', writeSquares(at('test.npz'), 100, 3)];
    const command = ['augment', exampleModel, ...rows, '--epochs', '1', '-o', at('out.offramp'), '--json'];
    const ended: Ended = await start([...command, '--extract-on', url], { OFFRAMP_TOKEN: 'secret' }).ended;
    assert.equal(ended.code, 0, ended.err);
    assert.deepEqual([...tokens], ['Bearer secret']);
    const { remarks } = JSON.parse(ended.out) as { remarks: string[] };
    assert.ok(remarks.includes(`features were extracted on ${url} (model ${name})`));
    const other = await offramp(...command, '--extract-on', url, '--extract-model', 'other');
    assert.equal(other.code, 5, other.err);
    assert.match(other.err, /does it serve other, as offramp export --as features writes it\?/);
    const lone = await offramp(...command, '--extract-model', 'other');
    assert.deepEqual([lone.code, lone.err], [2, 'offramp: error: --extract-model goes with --extract-on URL\n']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
