// Which build of the module a host gets, and that all of them agree: the same bits whatever the number of threads, and
// answers within rounding with relaxed SIMD.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chooseVariant, detectFeatures, toTypedArray, type Engine, type EngineOptions, type HostFeatures, type RawTensor } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { fashionRows } from './support/fashion_mnist.js';
import { loadInputs } from './support/independent_dataset.js';
import { realData } from './support/real_data.js';
import { relaxedSimdFlags } from './support/relaxed_simd.js';
import { failure } from './samples.js';

const everything: HostFeatures = { simd: true, relaxedSimd: true, threads: true };
const fashionModel = readFileSync('examples/fashion_mnist/base.onnx');

test('the variant follows what is asked for and what the host knows', () => {
  const chosen = (options: EngineOptions, lacks: Partial<HostFeatures> = {}): string => {
    const { variant, threads } = chooseVariant(options, { ...everything, ...lacks });
    return `${variant} ${threads}`;
  };
  assert.equal(chosen({}), 'simd 1');
  assert.equal(chosen({ threads: 2 }), 'simd-threads 2');
  assert.equal(chosen({ variant: 'relaxed-simd' }), 'relaxed-simd 1');
  assert.equal(chosen({ variant: 'relaxed-simd', threads: 4 }), 'relaxed-simd-threads 4');
  assert.equal(chosen({ variant: 'simd', threads: 4 }, { threads: false }), 'simd 1');
  assert.equal(chosen({ variant: 'simd' }, { relaxedSimd: false }), 'simd 1');
});

test('what a host cannot run is refused', () => {
  const choose = (options: EngineOptions, lacks: Partial<HostFeatures> = {}) => () => chooseVariant(options, { ...everything, ...lacks });
  assert.throws(choose({}, { simd: false }), failure('unsupported', 'this host\'s WebAssembly has no SIMD; Node 20 and the browsers of 2023 have it'));
  assert.throws(choose({ variant: 'relaxed-simd' }, { relaxedSimd: false }),
    failure('unsupported', 'this host\'s WebAssembly has no relaxed SIMD; Node 22 and Chromium have it, and the variant "simd" runs everywhere'));
  for (const threads of [0, -1, 1.5, 65, NaN]) {
    assert.throws(choose({ threads }), failure('invalid_argument', `threads: expected a whole number from 1 to 64, got ${threads}`));
  }
});

test('Node has SIMD and threads, and relaxed SIMD exactly where the relaxed module validates', () => {
  const features = detectFeatures();
  assert.equal(features.simd, true);
  assert.equal(features.threads, true);
  assert.equal(features.relaxedSimd, WebAssembly.validate(readFileSync('wasm/dist/relaxed-simd/offramp.wasm')));
});

function bitsOf(tensors: RawTensor[]): Uint8Array[] {
  return tensors.map((tensor) => tensor.data);
}

function runModel(engine: Engine, model: Uint8Array, values: Float32Array, dims: number[]): RawTensor[] {
  const session = engine.createSession(model);
  try {
    return session.run([{ dtype: 'f32', dims, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }]);
  } finally {
    session.dispose();
  }
}

const data = realData();
const rows = 12;
const models = [
  { name: 'Fashion-MNIST', model: fashionModel, ...fashionRows('t10k', 0, rows) },
  ...(data.available ? ([['cifar10/resnet20.onnx', 'cifar10/resnet.test.json'], ['kws/kws_dscnn.onnx', 'kws/dscnn.test.json'], ['ecg/ecg_resnet1d.onnx', 'ecg/test.json']] as const)
    .filter(([model]) => data.models().includes(model))
    .map(([model, description]) => ({ name: model, model: readFileSync(data.path(model)), ...loadInputs(data.path(description), rows) })) : []),
];

for (const { name, model, values, dims } of models) {
  test(`${name}: one, two and four threads give the same bits, in batches and row by row`, async () => {
    const single = await loadNodeEngine();
    const expected = bitsOf(runModel(single, model, values, dims));
    for (const threads of [2, 4]) {
      const engine = await loadNodeEngine({ threads });
      assert.equal(engine.variant, 'simd-threads');
      assert.equal(engine.threads, threads);
      assert.deepEqual(bitsOf(runModel(engine, model, values, dims)), expected, `${threads} threads`);
      engine.useThreads(1);
      assert.deepEqual(bitsOf(runModel(engine, model, values, dims)), expected, 'one thread of a module with threads');
      engine.useThreads(threads);
      const perRow = values.length / rows;
      const row = runModel(engine, model, values.slice(perRow, 2 * perRow), [1, ...dims.slice(1)]);
      const bytes = (expected[0] as Uint8Array).length / rows;
      assert.deepEqual(row[0]?.data, expected[0]?.slice(bytes, 2 * bytes), 'a row alone');
      engine.dispose();
    }
    single.dispose();
  });
}

test('an engine runs on one thread or on all it started with', async () => {
  const engine = await loadNodeEngine({ threads: 3 });
  assert.throws(() => engine.useThreads(2), failure('invalid_argument', 'the engine runs on 1 or 3 threads, not on 2'));
  engine.dispose();
  assert.throws(() => engine.useThreads(1), failure('invalid_argument', 'the engine was disposed'));
  const single = await loadNodeEngine();
  assert.throws(() => single.useThreads(2), failure('invalid_argument', 'the engine runs on 1 thread, not on 2'));
});

interface Answer {
  variant: string;
  threads: number;
  logits: number[];
}

function childAnswers(flags: string[], environment: Record<string, string>, ...options: EngineOptions[]): Answer[] {
  const child = fileURLToPath(new URL('support/answer_child.js', import.meta.url));
  const said = execFileSync(process.execPath, [...flags, child, ...options.map((one) => JSON.stringify(one))],
    { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...environment } });
  return JSON.parse(said) as Answer[];
}

test('a process with threads ends by itself, with and without dispose', () => {
  for (const environment of [{ DISPOSE: '0' }, { DISPOSE: '1' }]) {
    const [answer] = childAnswers([], environment, { threads: 3 });
    assert.equal(answer?.threads, 3);
  }
});

test('relaxed SIMD answers within rounding of SIMD, and alike with threads', () => {
  const [simd, relaxed, threaded] = childAnswers(relaxedSimdFlags(), {}, {}, { variant: 'relaxed-simd' }, { variant: 'relaxed-simd', threads: 2 });
  assert.ok(simd && relaxed && threaded);
  assert.deepEqual([simd.variant, relaxed.variant, threaded.variant], ['simd', 'relaxed-simd', 'relaxed-simd-threads']);
  assert.deepEqual(threaded.logits, relaxed.logits);
  assert.equal(relaxed.logits.length, 10);
  relaxed.logits.forEach((value, i) => assert.ok(Math.abs(value - (simd.logits[i] ?? NaN)) < 1e-4, `logit ${i}`));
});

test('toTypedArray reads what a module with shared memory gives', async () => {
  const engine = await loadNodeEngine({ threads: 2 });
  const { values, dims } = fashionRows('t10k', 0, 1);
  const [logits] = runModel(engine, fashionModel, values, dims);
  assert.ok(logits && logits.data.buffer instanceof ArrayBuffer, 'a copy, no view of shared memory');
  assert.equal(toTypedArray(logits).length, 10);
  engine.dispose();
});
