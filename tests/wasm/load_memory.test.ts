// Loading a model and running it takes little more of the heap than its weights: never the file's bytes beside them, nor the
// weights twice. In every way in which models come.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadEngine, type Engine, type ModuleFactory, type RawModule } from '@offramp/engine';

const input = { dtype: 'f32' as const, dims: [1, 256, 8, 8], data: new Uint8Array(256 * 8 * 8 * 4) };
// The module's own data and stack, which are in the heap and not allocated, the graph, and the slack of growing.
const others = 3 << 20;

let model: Uint8Array;
before(() => {
  const folder = mkdtempSync(join(tmpdir(), 'offramp-'));
  try {
    execFileSync('/usr/bin/python3', ['tests/wasm/support/many_layers.py', join(folder, 'model.onnx')]);
    model = new Uint8Array(readFileSync(join(folder, 'model.onnx')));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** A module of its own, with what `work` made its heap grow by; what was free before counts too. */
async function grown<T>(work: (engine: Engine) => T): Promise<{ result: T; bytes: number }> {
  let raw: (RawModule & { HEAPU8: Uint8Array }) | undefined;
  const { default: factory } = (await import(pathToFileURL('wasm/dist/simd/offramp.mjs').href)) as { default: ModuleFactory };
  const engine = await loadEngine({ variant: 'simd', threads: 1, factory: async (options) => {
    raw = (await factory(options)) as typeof raw;
    return raw as RawModule;
  } });
  const allocated = engine.allocatedBytes;
  const result = work(engine);
  const bytes = raw!.HEAPU8.length - allocated;
  engine.dispose();
  return { result, bytes };
}

test('a session takes at most 1.3 times its weights, and its plan', async () => {
  const { result: memory, bytes } = await grown((engine) => {
    const session = engine.createSession(model);
    session.run([input]);
    return session.memory();
  });
  const weights = model.length;
  assert.ok(weights > 45e6);
  assert.ok(memory.weight_bytes > 0.95 * weights && memory.weight_bytes < 1.05 * weights, `${memory.weight_bytes} bytes of weights`);
  assert.ok(memory.activation_bytes > 0 && memory.activation_bytes < 2e6, `${memory.activation_bytes} bytes of activations`);
  const allowed = 1.3 * weights + memory.activation_bytes + others;
  assert.ok(bytes <= allowed, `the heap grew by ${bytes} bytes, ${(bytes / weights).toFixed(2)} times the weights`);
});

test('so does an evaluator of the plain model', async () => {
  const { bytes } = await grown((engine) => {
    const evaluator = engine.evaluatorFromModel(model, []);
    evaluator.setRows(input, Int32Array.of(0));
    evaluator.runBase(0);
  });
  assert.ok(bytes <= 1.3 * model.length + 2e6 + others, `the heap grew by ${bytes} bytes`);
});

test('inspecting takes no more', async () => {
  const { bytes } = await grown((engine) => engine.inspect(model));
  assert.ok(bytes <= 1.3 * model.length + others, `the heap grew by ${bytes} bytes`);
});
