// What is disposed is given back: after a first few rounds, loading, running and disposing takes no byte more, and the heap
// does not grow. With and without threads.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadEngine, type Engine, type ModuleFactory, type PackageFile, type RawModule } from '@offramp/engine';
import { collectGarbage } from '@offramp/engine/node';
import { fashionRows } from './support/fashion_mnist.js';
import { fashionPackage } from './support/fashion_package.js';

const model = readFileSync('examples/fashion_mnist/base.onnx');
const { values, labels } = fashionRows('t10k', 0, 24);
const batch = (rows: number) => ({ dtype: 'f32' as const, dims: [rows, 1, 28, 28], data: new Uint8Array(values.buffer, 0, rows * 784 * 4) });
const sample = { dtype: 'f32' as const, dims: [1, 28, 28], data: new Uint8Array(values.buffer, 0, 784 * 4) };

let files: PackageFile[];
before(async () => {
  ({ files } = await fashionPackage());
});

async function start(variant: 'simd' | 'simd-threads', threads: number): Promise<{ engine: Engine; heapBytes: () => number }> {
  let raw: (RawModule & { HEAPU8: Uint8Array }) | undefined;
  const { default: factory } = (await import(pathToFileURL(`wasm/dist/${variant}/offramp.mjs`).href)) as { default: ModuleFactory };
  const engine = await loadEngine({ variant, threads, factory: async (options) => {
    raw = (await factory(options)) as typeof raw;
    return raw as RawModule;
  } });
  return { engine, heapBytes: () => raw?.HEAPU8.length ?? 0 };
}

const firstRounds = 25; // until the allocator's free lists have settled

const rounds: { name: string; count: number; work: (engine: Engine, round: number) => void }[] = [
  {
    name: 'sessions', count: 1000,
    work: (engine, round) => {
      const session = engine.createSession(model);
      session.run([batch(1 + round % 3)]);
      session.dispose();
    },
  },
  {
    name: 'sessions of the reference backend', count: 20,
    work: (engine) => {
      const session = engine.createSession(model, 'reference');
      session.run([batch(1)]);
      session.dispose();
    },
  },
  {
    name: 'packages', count: 300,
    work: (engine) => {
      const runtime = engine.createRuntime(files);
      runtime.run(sample);
      const begun = runtime.begin(sample);
      if ('needsStage' in begun) runtime.runStage(begun.needsStage.stage, begun.needsStage.boundary);
      runtime.dispose();
    },
  },
  {
    name: 'evaluators', count: 200,
    work: (engine) => {
      const evaluator = engine.evaluatorFromPackage(files);
      evaluator.setRows({ ...batch(2), dims: [2, 1, 28, 28] }, labels.subarray(0, 2));
      evaluator.runBase(0);
      evaluator.runStaged(1);
      evaluator.result();
      evaluator.dispose();
    },
  },
  {
    name: 'augmenters', count: 100,
    work: (engine) => {
      const augmenter = engine.createAugmenter(model, { preprocess: [] });
      for (const part of ['train', 'select', 'test'] as const) augmenter.addRows(part, batch(24), labels);
      for (let step = 0; step < 3; step += 1) augmenter.step();
      augmenter.dispose();
    },
  },
  {
    name: 'models that are refused', count: 300,
    work: (engine) => {
      assert.throws(() => engine.createSession(model.subarray(0, model.length / 2)));
      assert.throws(() => engine.createRuntime(files.slice(1)));
    },
  },
];

for (const [variant, threads] of [['simd', 1], ['simd-threads', 2]] as const) {
  for (const { name, count, work } of rounds) {
    test(`${variant}: ${count} rounds of ${name} stay flat`, async () => {
      const { engine, heapBytes } = await start(variant, threads);
      for (let round = 0; round < firstRounds; round += 1) work(engine, round);
      const allocated = engine.allocatedBytes;
      const heap = heapBytes();
      assert.ok(allocated > 0 && heap > allocated);
      for (let round = 0; round < count; round += 1) work(engine, round);
      assert.equal(engine.liveHandles, 0);
      assert.equal(engine.allocatedBytes, allocated);
      assert.equal(heapBytes(), heap);
      engine.dispose();
    });
  }
}

test('bytes that were handed in are not kept', async () => {
  const { engine } = await start('simd', 1);
  const size = 64 * 2 ** 20;
  // A model with a long text behind it, which is read over.
  const padded = (): Uint8Array => Buffer.concat([model, Buffer.from([0x32, 0x80, 0x80, 0x80, 0x20]), Buffer.alloc(size)]);
  const before = process.memoryUsage().arrayBuffers;
  (() => { engine.inspect(padded()); })();
  await collectGarbage();
  for (let wait = 0; wait < 20 && process.memoryUsage().arrayBuffers > before + size / 2; wait += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(process.memoryUsage().arrayBuffers < before + size / 2, `${process.memoryUsage().arrayBuffers - before} bytes are still there`);
  const given = padded();
  let goOn = (): void => undefined;
  const waiting = (async (bytes: Uint8Array) => {
    engine.inspect(bytes);
    await new Promise<void>((resolve) => (goOn = resolve));
    return bytes.length;
  })(given);
  await collectGarbage(given);
  assert.ok(process.memoryUsage().arrayBuffers < before + size / 2, `${process.memoryUsage().arrayBuffers - before} bytes are there for a call that waits`);
  goOn();
  assert.equal(await waiting, 0);
  engine.dispose();
});
