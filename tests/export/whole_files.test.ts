// Exports of one file against ONNX Runtime: the same classes, exits, probabilities and logits as our runtime has.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { exportPackage, type PackageFile, type RawTensor, type Runtime } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { integerAttribute, integersAttribute, readOnnx, tensorOf, type OnnxNode } from '@offramp/engine/onnx';
import { stagedPackage, withManifest, type Exit } from '../serve/staged_package.js';
import { fashionRows } from '../wasm/support/fashion_mnist.js';
import { checkOnnx, describeInputs, folder, ifAnswer, openSession, openWebSession } from './onnx_runtime.js';
import { chainPackage, manifestOf, scoredBy, withStage } from './packages.js';

const rows = 500;
const imageDims = [1, 1, 28, 28];
const { values } = fashionRows('t10k', 1000, 1000 + rows);
const pixels = (row: number): Float32Array => values.slice(row * 784, (row + 1) * 784);
const sample = (row: number): RawTensor => ({ dtype: 'f32', dims: [1, 28, 28], data: new Uint8Array(pixels(row).buffer) });
const engine = await loadNodeEngine();
const files = await stagedPackage(engine);

function whole(packaged: PackageFile[], form: 'if-onnx' | 'all-exits'): Uint8Array {
  const [file, ...more] = exportPackage(engine, packaged, form);
  assert.ok(file !== undefined && more.length === 0);
  return file.bytes;
}

/** Exits at which a good half of the rows that come there stays. */
function halving(score: string): PackageFile[] {
  const runtime = engine.createRuntime(scoredBy(files, score, 0));
  const scores = Array.from({ length: 100 }, (_, row) => runtime.run(sample(row)).score).sort((a, b) => a - b);
  runtime.dispose();
  return scoredBy(files, score, scores[60] ?? NaN);
}

/** Whether a score on the way of a row is so near its threshold that rounding decides. */
function isClose(runtime: Runtime, exits: (Exit | null)[], row: number): boolean {
  const near = (score: number, stage: number): boolean => Math.abs(score - (exits[stage]?.threshold ?? Infinity)) < 1e-5;
  let result = runtime.begin(sample(row));
  while ('needsStage' in result) {
    const { early, stage, boundary } = result.needsStage;
    if (early !== undefined && near(early.score, stage - 1)) return true;
    result = runtime.runStage(stage, boundary);
  }
  return near(result.exited.score, result.exited.exit);
}

/** Rows by exit, after all of them were answered in ONNX Runtime as by our own runtime. */
async function compare(packaged: PackageFile[], count: number, open = openSession): Promise<number[]> {
  const session = await open(whole(packaged, 'if-onnx'));
  const runtime = engine.createRuntime(packaged);
  const exits = manifestOf(packaged).stages.map(({ exit }) => exit);
  const seen = exits.map(() => 0);
  let close = 0;
  for (let row = 0; row < count; row += 1) {
    if (isClose(runtime, exits, row)) {
      close += 1;
      continue;
    }
    const ours = runtime.run(sample(row));
    const { exit, predictedClass, score, probabilities, dims } = await ifAnswer(session, pixels(row), imageDims);
    assert.deepEqual({ row, exit, predictedClass }, { row, exit: ours.exit, predictedClass: ours.predictedClass });
    assert.deepEqual(dims, [[1], [1, 10], [1], [1]]);
    for (const [k, p] of probabilities.entries()) assert.ok(Math.abs(p - (ours.probabilities[k] ?? NaN)) < 1e-5, `row ${row}, class ${k}: ${p}`);
    assert.ok(Math.abs(score - ours.score) < 1e-5, `score of row ${row}: ${score}, ${ours.score}`);
    seen[exit] = (seen[exit] ?? 0) + 1;
  }
  assert.ok(close <= 5, `${close} rows are too near a threshold to tell`);
  runtime.dispose();
  return seen;
}

for (const score of ['max_probability', 'margin', 'entropy', 'gate']) {
  test(`if-onnx, ${score}: 500 rows are answered as by our runtime`, async () => {
    const packaged = halving(score);
    checkOnnx(whole(packaged, 'if-onnx'));
    const seen = await compare(packaged, rows);
    assert.ok(seen.length === 3 && seen.every((count) => count >= 20), `rows leave everywhere: ${seen.join(', ')}`);
  });
}

test('if-onnx, gate: 500 rows in onnxruntime-web', async () => {
  assert.ok((await compare(halving('gate'), rows, openWebSession)).every((count) => count >= 20));
});

test('if-onnx: stages behind the exit that answers do not run', async () => {
  const packaged = halving('margin');
  const runtime = engine.createRuntime(packaged);
  const bytes = whole(packaged, 'if-onnx');
  for (const wanted of [0, 1, 2]) {
    const row = Array.from({ length: rows }, (_, index) => index).find((index) => runtime.run(sample(index)).exit === wanted) ?? NaN;
    const session = await openSession(bytes, { enableProfiling: true, profileFilePrefix: join(folder, `profile_${wanted}`), graphOptimizationLevel: 'disabled' });
    await ifAnswer(session, pixels(row), imageDims);
    session.endProfiling();
    const name = readdirSync(folder).find((file) => file.startsWith(`profile_${wanted}`)) ?? '';
    const events = JSON.parse(readFileSync(join(folder, name), 'utf8')) as { cat: string; name: string }[];
    const stagesRun = new Set(events.flatMap(({ cat, name: event }) => (cat === 'Node' ? /^stage_(\d)\//.exec(event)?.[1] ?? [] : [])));
    assert.deepEqual([...stagesRun].sort(), ['0', '1', '2'].slice(0, wanted + 1), `a row that leaves at ${wanted}`);
  }
  runtime.dispose();
});

test('if-onnx: thresholds are inputs with defaults, and one above 1 is never reached', async () => {
  const bytes = whole(files, 'if-onnx');
  assert.deepEqual((await openSession(bytes)).inputNames, ['input'], 'nothing else need be given');
  assert.deepEqual(describeInputs(bytes), { inputs: ['input', 'threshold_0', 'threshold_1'], defaults: { threshold_0: Math.fround(0.8), threshold_1: Math.fround(0.8) } });
  const never = withManifest(files, ({ stages }) => { for (const { exit } of stages) if (exit !== null) exit.threshold = 2; });
  assert.deepEqual(await compare(never, 20), [0, 0, 20]);
});

test('names of the model that the export has for itself', async () => {
  for (const name of ['probabilities', 'threshold_1', 'stage_1/head_dense', 'exit_0/stands']) {
    const renamed = withManifest(withStage(files, 0, ({ graph }) => {
      for (const node of graph.nodes) node.inputs = node.inputs.map((input) => (input === 'input' ? name : input));
      for (const input of graph.inputs) input.name = name;
    }), ({ model }) => { model.input.name = name; });
    await compare(renamed, 20);
    assert.equal((await openSession(whole(renamed, 'if-onnx'))).inputNames[0], name);
    for (const form of ['if-onnx', 'all-exits'] as const) checkOnnx(whole(renamed, form));
  }
});

test('stages of opsets 17 and 21: forms that changed in between', async () => {
  // boundary + 0 * (its mean over the map), halved and put together again.
  const added = withStage(files, 1, ({ graph }) => {
    const node = (op: string, inputs: string[], outputs: string[], ...attributes: OnnxNode['attributes']): OnnxNode => ({ name: outputs[0] ?? '', op, domain: '', inputs, outputs, attributes });
    for (const user of graph.nodes) user.inputs = user.inputs.map((input) => (input === 'boundary' ? 'same' : input));
    graph.initializers.push(tensorOf('nothing', Float32Array.of(0), []));
    graph.nodes.unshift(
      node('ReduceMean', ['boundary'], ['mean'], integersAttribute('axes', [2, 3])), node('Mul', ['mean', 'nothing'], ['none']), node('Add', ['boundary', 'none'], ['sum']),
      node('Split', ['sum'], ['left', 'right'], integerAttribute('axis', 1)), node('Concat', ['left', 'right'], ['same'], integerAttribute('axis', 1)),
    );
  });
  const mixed = withStage(added, 2, (model) => {
    model.opsets.set('', 21);
    model.irVersion = 10;
  });
  assert.equal(readOnnx(whole(mixed, 'all-exits')).opsets.get(''), 21);
  const seen = await compare(mixed, 60);
  assert.ok(seen.every((count) => count > 0));
});

test('no exit, a stage that only hands on, and as many exits as readers take', async () => {
  for (const packaged of [chainPackage(1), chainPackage(4, [0, 2]), chainPackage(31)]) {
    const x = Float32Array.of(1, -2, 3, 4);
    const runtime = engine.createRuntime(packaged);
    const ours = runtime.run({ dtype: 'f32', dims: [4], data: new Uint8Array(x.buffer) });
    runtime.dispose();
    checkOnnx(whole(packaged, 'all-exits'));
    const bytes = whole(packaged, 'if-onnx');
    checkOnnx(bytes);
    const { exit, probabilities } = await ifAnswer(await openSession(bytes), x, [1, 4]);
    assert.equal(exit, ours.exit);
    for (const [k, p] of probabilities.entries()) assert.ok(Math.abs(p - (ours.probabilities[k] ?? NaN)) < 1e-6);
  }
  assert.throws(() => exportPackage(engine, chainPackage(32), 'if-onnx'), {
    code: 'unsupported', message: '31 exits; at most 30 If nodes stand within each other in what ONNX readers take',
  });
});

test('all-exits: the logits of every exit and of the model, for several rows at once', async () => {
  const bytes = whole(files, 'all-exits');
  checkOnnx(bytes);
  const session = await openSession(bytes);
  assert.deepEqual(session.outputNames, ['logits_0', 'logits_1', 'logits_2']);
  const count = 50;
  const x = values.slice(0, count * 784);
  const outputs = await session.run({ input: new Tensor('float32', x, [count, 1, 28, 28]) });
  const runtime = engine.createRuntime(files);
  let input: RawTensor = { dtype: 'f32', dims: [count, 1, 28, 28], data: new Uint8Array(x.buffer) };
  for (const stage of [0, 1, 2]) {
    const { logits, boundary } = runtime.runRows(stage, input);
    const theirs = outputs[`logits_${stage}`];
    assert.deepEqual(theirs?.dims, [count, 10]);
    const ours = new Float32Array(logits?.data.slice().buffer ?? new ArrayBuffer(0));
    assert.equal(ours.length, count * 10);
    for (const [index, logit] of ours.entries()) {
      const seen = Number(theirs?.data[index]);
      assert.ok(Math.abs(seen - logit) < 1e-4 * Math.max(1, Math.abs(logit)), `stage ${stage}, element ${index}: ${seen}, ${logit}`);
    }
    if (boundary !== undefined) input = boundary;
  }
  runtime.dispose();
});
