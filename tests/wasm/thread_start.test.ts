// Threads whose workers do not load: what a module with threads does then, as far as its loader sees it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultThreadStartLimitMs, loadEngine, loadVariant, type Engine, type EngineOptions, type ModuleFactory, type RawModule, type ThreadWorker } from '@offramp/engine';
import { failure } from './samples.js';

const everything = { simd: true, relaxedSimd: true, threads: true };
const remedy = 'check that the script offramp.mjs is served with the page\'s Cross-Origin-Embedder-Policy and that worker-src of its content security policy allows it, or ask for 1 thread';

interface Fake {
  factory: ModuleFactory;
  worker: { onerror: unknown };
  ended: () => number;
}

/** Like a module with one worker: `behave` is what happens when it should load. */
function fakeModule(behave: (worker: { onerror: () => void }, ready: () => void) => void): Fake {
  let ended = 0;
  const ownHandler = (): never => {
    throw new Error('nobody catches this');
  };
  const worker = { onerror: (): void => undefined };
  const factory: ModuleFactory = (options) => new Promise((resolve) => {
    const module = Object.assign(options as object, {
      setThreads: () => ({ value: null }), PThread: { unusedWorkers: [worker] as ThreadWorker[], terminateAllThreads: () => { ended += 1; } },
    });
    setTimeout(() => {
      options?.preRun?.();
      worker.onerror = ownHandler;
      setTimeout(() => behave(worker, () => resolve(module as unknown as RawModule)), 1);
    }, 1);
  });
  return { factory, worker, ended: () => ended };
}

const plain: ModuleFactory = () => Promise.resolve({ setThreads: () => ({ value: null }) } as unknown as RawModule);

function load(fake: Fake, options: EngineOptions): Promise<Engine> {
  return loadVariant({ threads: 2, ...options }, (variant) => Promise.resolve({ factory: variant.endsWith('-threads') ? fake.factory : plain }), everything);
}

const faults = [
  { name: 'a worker that never answers', behave: () => undefined, says: 'the threads\' workers did not load within 0.05 s' },
  { name: 'a worker that fails', behave: (worker: { onerror: () => void }) => worker.onerror(), says: 'a thread\'s worker cannot be loaded' },
];
for (const { name, behave, says } of faults) {
  test(`${name}: "auto" goes on without threads`, async () => {
    const fake = fakeModule(behave);
    const engine = await load(fake, { threadStartLimitMs: 50 });
    assert.deepEqual([engine.variant, engine.threads, fake.ended()], ['simd', 1, 1]);
  });
  for (const variant of ['simd', 'relaxed-simd'] as const) {
    test(`${name}: "${variant}" fails, and the worker is ended`, async () => {
      const fake = fakeModule(behave);
      await assert.rejects(load(fake, { variant, threadStartLimitMs: 50 }), failure('unsupported', `starting the WebAssembly module: ${says}; ${remedy}`));
      assert.equal(fake.ended(), 1);
    });
  }
}

test('workers that load are kept, with the handlers that the module gave them', async () => {
  const fake = fakeModule((_, ready) => ready());
  const engine = await load(fake, {});
  assert.deepEqual([engine.variant, engine.threads, fake.ended()], ['simd-threads', 2, 0]);
  assert.throws(fake.worker.onerror as () => void, /nobody catches this/);
});

test('what else goes wrong is no reason to go on without threads', async () => {
  const factory: ModuleFactory = () => Promise.reject(new Error('no memory'));
  const loading = loadVariant({ threads: 2 }, () => Promise.resolve({ factory }), everything);
  await assert.rejects(loading, failure('internal', 'starting the WebAssembly module: Error: no memory'));
});

test('the limit is ten seconds unless told, and a time', async () => {
  assert.equal(defaultThreadStartLimitMs, 10_000);
  for (const threadStartLimitMs of [0, -1, NaN, Infinity]) {
    await assert.rejects(load(fakeModule(() => undefined), { threadStartLimitMs }),
      failure('invalid_argument', `threadStartLimitMs: expected a number above 0 and up to 2147483647, got ${threadStartLimitMs}`));
  }
});

test('without threads no worker is waited for', async () => {
  const engine = await loadEngine({ factory: plain, variant: 'simd', threads: 1, threadStartLimitMs: 1 });
  assert.equal(engine.threads, 1);
});
