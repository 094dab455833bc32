// The engine over the real module: typed errors, handles that are freed, rows that count once, splits, the staged runtime.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import {
  Engine, augmentModel, makeParts, modelClasses, modelInputShape, toTypedArray, type AugmentOutcome, type Dataset, type ModuleFactory, type RawModule,
} from '@offramp/engine';
import { failure } from './samples.js';

const model = readFileSync('examples/fashion_mnist/base.onnx');
const preprocess = [{ op: 'scale', by: 1 / 255 }, { op: 'reshape', shape: [-1, 1, 28, 28] }];

/** Noise with a bright band whose height is the class. */
function bands(name: string, rows: number, seed: number): Dataset {
  let state = seed;
  const data = new Uint8Array(rows * 784);
  for (let index = 0; index < data.length; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const label = Math.floor(index / 784) % 10;
    const line = Math.floor((index % 784) / 28);
    data[index] = (state >>> 24) / 4 + (line >= 2 * label && line < 2 * label + 6 ? 180 : 0);
  }
  return { name, x: { dtype: 'u8', dims: [rows, 28, 28], data }, y: Int32Array.from({ length: rows }, (_, row) => row % 10) };
}

let raw: RawModule & { HEAPU8: Uint8Array };
let engine: Engine;
let outcome: AugmentOutcome;
const accuracies: number[][] = [];
before(async () => {
  const { default: factory } = (await import(pathToFileURL('wasm/dist/simd/offramp.mjs').href)) as { default: ModuleFactory };
  raw = (await factory()) as typeof raw;
  engine = new Engine(raw);
  outcome = await augmentModel(engine, model, { train: bands('train', 200, 1), select: bands('select', 100, 2), test: bands('test', 100, 3) },
    { maxDropPp: 30, epochs: 2, preprocess }, { onAccuracies: (byExitPoint) => accuracies.push([...byExitPoint]) });
  assert.equal(engine.liveHandles, 0);
});

test('what a model takes and tells apart', () => {
  const report = engine.inspect(model);
  assert.deepEqual(modelInputShape(report), [null, 1, 28, 28]);
  assert.equal(modelClasses(report), 10);
  const network = report.network as unknown as { macs: number; parameters: number }[];
  assert.equal(network.reduce((sum, { parameters }) => sum + parameters, 0), report.parameters);
  assert.equal(network.reduce((sum, { macs }) => sum + macs, 0), report.macs);
});

test('errors of the module are OfframpErrors with code and context', () => {
  assert.throws(() => engine.inspect(new Uint8Array([1, 2, 3])), (error: { code: string; context: string[] }) => error.code === 'invalid_model' && error.context[0] === 'loading model');
  assert.throws(() => engine.createAugmenter(model, { epochs: 0 }), failure('invalid_argument', 'option epochs: expected an integer from 1 to 1000, got 0'));
});

test('accuracies come exit point by exit point, and only rise', () => {
  const points = engine.inspect(model).exit_points.map(({ at }) => at);
  assert.equal(accuracies[0]?.filter((accuracy) => accuracy > 0).length, 1, 'after the first step of screening');
  accuracies.forEach((now, at) => {
    assert.equal(now.length, points.length);
    now.forEach((accuracy, point) => assert.ok(accuracy >= (accuracies[at - 1]?.[point] ?? 0) && accuracy <= 1));
  });
  const last = accuracies.at(-1) ?? [];
  assert.ok(last.every((accuracy) => accuracy > 0.1), `better than guessing: ${last.join(', ')}`);
  // Shares of 100 select rows.
  last.forEach((accuracy) => assert.ok(Math.abs(100 * accuracy - Math.round(100 * accuracy)) < 1e-4));
});

test('xnnpack and reference give the same logits', () => {
  const { x } = bands('x', 3, 4);
  const values = Float32Array.from(x.data, (value) => value / 255);
  const input = { dtype: 'f32' as const, dims: [3, 1, 28, 28], data: new Uint8Array(values.buffer) };
  const logits = (['xnnpack', 'reference'] as const).map((backend) => {
    const session = engine.createSession(model, backend);
    try {
      return toTypedArray(session.run([input])[0]!) as Float32Array;
    } finally {
      session.dispose();
    }
  });
  assert.equal(logits[0]?.length, 30);
  logits[0]?.forEach((value, index) => assert.ok(Math.abs(value - (logits[1]?.[index] ?? NaN)) < 1e-4));
});

test('a row that runs twice counts once', () => {
  const rows = bands('rows', 20, 5);
  const evaluator = engine.evaluatorFromPackage(outcome.files);
  try {
    evaluator.setRows(rows.x, rows.y);
    const runAll = (): void => rows.y.forEach((_, row) => {
      evaluator.runBase(row);
      evaluator.runStaged(row);
    });
    runAll();
    const once = evaluator.result();
    runAll();
    assert.deepEqual(evaluator.result(), once);
    assert.equal(once['samples'], 20);
  } finally {
    evaluator.dispose();
  }
});

test('stage by stage and in one go are the same answer', () => {
  const { x } = bands('x', 30, 6);
  const runtime = engine.createRuntime(outcome.files);
  try {
    const exits = new Set<number>();
    for (let row = 0; row < 30; row += 1) {
      const sample = { dtype: 'u8' as const, dims: [28, 28], data: x.data.subarray(row * 784, row * 784 + 784) };
      let result = runtime.begin(sample);
      for (let steps = 1; 'needsStage' in result; steps += 1) {
        assert.equal(result.needsStage.stage, steps);
        result = runtime.runStage(steps, result.needsStage.boundary);
      }
      const whole = runtime.run(sample);
      assert.deepEqual(result.exited, whole);
      assert.ok(Math.abs(whole.probabilities.reduce((sum, value) => sum + value, 0) - 1) < 1e-5);
      exits.add(whole.exit);
    }
    assert.ok([...exits].every((exit) => exit < runtime.stageCount()));
  } finally {
    runtime.dispose();
  }
});

test('nothing that is made and disposed stays in the module\'s memory', () => {
  const rows = bands('rows', 50, 7);
  const useAll = (): void => {
    const evaluator = engine.evaluatorFromPackage(outcome.files);
    evaluator.setRows(rows.x, rows.y);
    evaluator.runStaged(0);
    evaluator.dispose();
    const augmenter = engine.createAugmenter(model, { preprocess });
    augmenter.addRows('train', rows.x, rows.y);
    augmenter.dispose();
    engine.createRuntime(outcome.files).dispose();
    engine.createSession(model).dispose();
  };
  for (let round = 0; round < 3; round += 1) useAll();
  const before = raw.HEAPU8.length;
  for (let round = 0; round < 30; round += 1) useAll();
  assert.equal(engine.liveHandles, 0);
  assert.equal(raw.HEAPU8.length, before, 'the module asked for no more memory');
});

test('sets are used as named, and split with their groups otherwise', () => {
  const set = { ...bands('all', 400, 8), groups: Float64Array.from({ length: 400 }, (_, row) => Math.floor(row / 20)) };
  const groupsOf = (part: Dataset): Set<number> => new Set(part.groups);
  const parts = makeParts(engine, { data: set }, 0);
  const all = [parts.train, parts.select, parts.test];
  assert.equal(all.reduce((sum, part) => sum + part.y.length, 0), 400);
  all.forEach((part, index) => all.slice(index + 1).forEach((other) => groupsOf(other).forEach((group) => assert.ok(!groupsOf(part).has(group)))));
  const other = bands('other', 100, 9);
  const named = makeParts(engine, { data: set, select: other, test: other }, 0);
  assert.deepEqual([named.train, named.select, named.test, named.said], [set, other, other, []]);
  const halved = makeParts(engine, { data: set, select: other }, 0);
  assert.equal(halved.train, set);
  assert.deepEqual([halved.select.y.length, halved.test.y.length], [50, 50]);
  assert.throws(() => makeParts(engine, { data: set, test: { ...other, preprocess } }, 0), failure('invalid_data', 'the preprocessing of other differs from that of all; one model has one'));
});
