// Other people's software for the same protocol: tritonclient asks `offramp serve`, and our session's later stages run on Triton and on MLServer, which serve
// the exported stages with ONNX Runtime.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import {
  augmentModel, createStagedSession, exportFeatures, exportPackage, readPlan, type AugmentHost, type AugmentOutcome, type Encoding, type PackageFile, type RawTensor,
} from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { OipClient } from '@offramp/oip';
import { temporaryFolder } from '../cli/command.js';
import { answeredHere, dataset, sample, stagedPackage, withLink, without } from '../serve/staged_package.js';
import { serving, writePackage } from '../serve/serving.js';
import { planOutline } from '../wasm/support/plan_outline.js';
import { ask, freePort, startServer, whySkipped } from './python.js';

const engine = await loadNodeEngine();
const files = whySkipped === false ? await stagedPackage(engine) : [];
const folder = temporaryFolder();
const rows = 40;
const baseModel = new Uint8Array(readFileSync('examples/fashion_mnist/base.onnx'));
const features = 'base_features';
const tolerance = 1e-4; // other kernels round otherwise

/** The stages, and the model that extracts features. */
function repository(packaged: PackageFile[]): PackageFile[] {
  const merged = new Map<string, PackageFile>();
  const [stages, extraction] = [exportPackage(engine, packaged, 'oip'), exportFeatures(engine, baseModel, features)];
  const modelsOf = (exported: readonly PackageFile[]): object[] => (JSON.parse(new TextDecoder().decode(exported.find(({ name }) => name === 'export.json')?.bytes)) as { models: object[] }).models;
  for (const file of [...stages, ...extraction]) merged.set(file.name, file);
  const index = { models: [...modelsOf(stages), ...modelsOf(extraction)] };
  return [...merged.values()].map((file) => (file.name === 'export.json' ? { ...file, bytes: new TextEncoder().encode(JSON.stringify(index)) } : file));
}

function writeFiles(name: string, written: readonly PackageFile[]): string {
  const to = join(folder, name);
  for (const { name: file, bytes } of written) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    writeFileSync(join(to, file), bytes);
  }
  return to;
}

/** A search whose rows the server extracts finds what one that extracts here finds. */
async function assertExtraction(url: string): Promise<void> {
  const data = { train: dataset('train', 0, 300), select: dataset('train', 50_000, 50_300), test: dataset('t10k', 0, 100) };
  const search = (host: AugmentHost): Promise<AugmentOutcome> => augmentModel(engine, baseModel, data, { maxDropPp: 2, epochs: 1, preprocess: [] }, host);
  const [here, there] = [await search({}), await search({ extractOn: { url, model: features } })];
  assert.ok(here.report.plan.exits.length > 0, 'else this tests little');
  assert.deepEqual(planOutline(there), planOutline(here));
  assert.ok(Math.abs(there.report.plan.accuracy - here.report.plan.accuracy) <= 0.01);
}

function floatsOf({ data }: RawTensor): number[] {
  return [...new Float32Array(data.slice().buffer)];
}

function assertNear(actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, wanted.length, what);
  for (let at = 0; at < wanted.length; at += 1) assert.ok(Math.abs((actual[at] ?? NaN) - (wanted[at] ?? NaN)) <= tolerance, `${what}, ${at}: ${actual[at]} for ${wanted[at]}`);
}

/** Every row through stage 0 here and the rest at `url`, all at once. */
async function assertSession(url: string, where: string, encoding: Encoding): Promise<void> {
  const packaged = withLink(files, encoding);
  const session = createStagedSession(engine, without(packaged, 1, 2), { remotes: [{ url, name: where, from: 1 }], deadlineMs: 30_000 });
  const answers = await Promise.all(Array.from({ length: rows }, (_, row) => session.run(sample(row))));
  session.dispose();
  assert.deepEqual([...new Set(answers.map(({ exit }) => exit))].sort(), [0, 1, 2], 'rows leave everywhere, else this tests little');
  answers.forEach((answer, row) => {
    const wanted = answeredHere(engine, packaged, row, encoding);
    assert.equal(answer.degraded, false, answer.why?.message);
    assert.deepEqual([answer.predictedClass, answer.exit], [wanted.predictedClass, wanted.exit], `row ${row}`);
    assertNear(answer.probabilities, wanted.probabilities, `row ${row}`);
    assert.deepEqual(answer.trace.stages.map((stage) => [stage.where, stage.encoding ?? 'f32']), [['here', 'f32'], [where, encoding], [where, 'f32']].slice(0, answer.exit + 1));
  });
}

test('tritonclient asks offramp serve: health, metadata, index, tensors as binary and as JSON, many at once, refusals', { skip: whySkipped }, async () => {
  const { url } = await serving([writePackage(files), '--stages', '1..']);
  const runtime = engine.createRuntime(files);
  const boundaries: RawTensor[] = [];
  for (let row = 0; boundaries.length < 12; row += 1) {
    const result = runtime.begin(sample(row));
    if ('needsStage' in result) boundaries.push(result.needsStage.boundary);
  }
  const shape = boundaries[0]?.dims ?? [];
  const told = JSON.parse(await ask('tritonclient_check.py', [url.replace('http://', '')], JSON.stringify({ shape, rows: boundaries.map(floatsOf) }))) as {
    [key: string]: unknown; stages: { id: string; logits: number[]; boundary: number[] }[]; answers: Record<string, number[]>[]; halves: number[]; index: string[];
    model: { inputs: unknown }; refused: Record<string, { status: string; message: string } | null>;
  };
  assert.deepEqual([told['live'], told['ready'], told['model_ready']], [true, true, true]);
  assert.deepEqual(told['server'], { name: 'offramp', version: '0.1.0', extensions: ['binary_tensor_data'] });
  assert.deepEqual(told.model.inputs, [{ name: 'boundary', datatype: 'FP32', shape: [-1, ...shape.slice(1)] }]);
  assert.ok(told.index.includes('from_2_u8'));
  const joined: RawTensor = { dtype: 'f32', dims: [boundaries.length, ...shape.slice(1)], data: Uint8Array.from(boundaries.flatMap(({ data }) => [...data])) };
  const { logits, boundary } = runtime.runRows(1, joined);
  assert.ok(logits && boundary);
  assert.equal(told.stages.length, 4);
  for (const stage of told.stages) assert.deepEqual(stage, { id: '7', logits: floatsOf(logits), boundary: floatsOf(boundary) });
  boundaries.forEach((one, row) => {
    let result = runtime.runStage(1, one);
    while ('needsStage' in result) result = runtime.runStage(result.needsStage.stage, result.needsStage.boundary);
    const { predictedClass, exit, score, probabilities } = result.exited;
    assert.deepEqual(told.answers[row], { probabilities: [...probabilities], class: [predictedClass], exit: [exit], score: [score], degraded: [false] });
  });
  const rounded = engine.decodeBoundary(engine.encodeBoundary(joined, 'f16'), 'f16', joined.dims);
  const halves = runtime.runRows(1, rounded).logits;
  assert.deepEqual(told.halves, halves && floatsOf(halves));
  const text = (name: string): string | undefined => told.refused[name]?.message;
  assert.deepEqual(Object.values(told.refused).map((refusal) => refusal?.status), ['404', '400', '400', '400']);
  assert.match(text('model') ?? '', /^unknown model "stage_9"/);
  assert.match(text('shape') ?? '', /^model stage_1: input "boundary" has shape/);
  assert.equal(text('datatype'), 'model stage_1: input "boundary" is FP32, not FP64');
  assert.match(text('output') ?? '', /^model stage_1 has the outputs logits, next_boundary, not "nothing"/);
});

test('Triton Inference Server runs the later stages, in f32 and u8, batched by itself, and extracts features', { skip: whySkipped }, async () => {
  const models = writeFiles('triton', repository(withLink(files, 'u8')));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await startServer('python', ['tests/interop/servers/triton_server.py', models, String(port)], `${url}/v2/models/stage_2/ready`);
  const { name, extensions } = await new OipClient(url).serverMetadata();
  assert.equal(name, 'triton');
  assert.ok(extensions.includes('binary_tensor_data'));
  await assertSession(url, 'triton', 'u8');
  await assertSession(url, 'triton', 'f32');
  await assertExtraction(url);
  await assert.rejects(new OipClient(url).infer({ model: 'stage_9', inputs: [] }), (error: Error) => /stage_9/.test(error.message));
});

test('MLServer runs the later stages and extracts features, in JSON, since it has no binary tensors', { skip: whySkipped }, async () => {
  const models = writeFiles('mlserver', repository(files));
  for (const name of readPlan(engine.createRuntime(files).manifest()).stages.map((_, stage) => `stage_${stage}`).slice(1).concat(features)) {
    mkdirSync(join(folder, 'mlserver_models', name), { recursive: true });
    writeFileSync(join(folder, 'mlserver_models', name, 'model-settings.json'), JSON.stringify({ name, implementation: 'mlserver_runtime.Stage' }));
  }
  const [port, grpc, metrics] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(join(folder, 'mlserver_models/settings.json'), JSON.stringify({
    host: '127.0.0.1', http_port: port, grpc_port: grpc, metrics_port: metrics, parallel_workers: 0, debug: false, use_structured_logging: false,
  }));
  const url = `http://127.0.0.1:${port}`;
  await startServer('mlserver', ['start', join(folder, 'mlserver_models')], `${url}/v2/models/stage_2/ready`, { OFFRAMP_REPOSITORY: models });
  const { name, extensions } = await new OipClient(url).serverMetadata();
  assert.equal(name, 'mlserver');
  assert.ok(!extensions.includes('binary_tensor_data'));
  await assertSession(url, 'mlserver', 'f32');
  await assertExtraction(url);
});
