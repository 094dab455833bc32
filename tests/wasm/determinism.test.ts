// The same seed gives the same plan natively and in wasm, with both backends: equal exits, heads and scores, thresholds to 1e-6.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fashionRows } from './support/fashion_mnist.js';

interface Plan {
  exits: { at: string; head: string; score: string; threshold: number; temperature: number }[];
  mean_macs: number;
  accuracy: number;
}
interface AugmentJson {
  plan: Plan;
  paper_method: Plan;
}

const folder = mkdtempSync(join(tmpdir(), 'offramp-determinism-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const rows = 2000;
const { values, labels } = fashionRows('train', 50_000, 50_000 + rows); // rows the backbone has not seen
const inputFile = join(folder, 'inputs.f32');
const labelFile = join(folder, 'labels.i32');
writeFileSync(inputFile, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
writeFileSync(labelFile, new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));

function augment(command: string[], backend: string, seed: number): AugmentJson {
  const out = join(folder, 'out.json');
  const [program = '', ...prefix] = command;
  const options = JSON.stringify({ seed, max_drop_pp: 3, epochs: 6, promising: 3 });
  execFileSync(program, [...prefix, 'augment', 'examples/fashion_mnist/base.onnx', inputFile, labelFile, String(rows), backend, options, out]);
  return JSON.parse(readFileSync(out, 'utf8')) as AugmentJson;
}

function assertSamePlan(a: Plan, b: Plan): void {
  const shape = (plan: Plan): string[] => plan.exits.map((exit) => `${exit.at} ${exit.head} ${exit.score}`);
  assert.deepEqual(shape(a), shape(b));
  for (const [i, exit] of a.exits.entries()) {
    assert.ok(Math.abs(exit.threshold - (b.exits[i]?.threshold ?? NaN)) <= 1e-6, `threshold ${exit.threshold} and ${b.exits[i]?.threshold}`);
    assert.ok(Math.abs(exit.temperature - (b.exits[i]?.temperature ?? NaN)) <= 1e-6);
  }
  assert.equal(a.mean_macs, b.mean_macs);
  assert.equal(a.accuracy, b.accuracy);
}

const native = ['build/native/tests/offramp_probe'];
const wasm = [process.execPath, 'build/wasm/tests/offramp_probe.js'];

test('native and wasm find the same plan', () => {
  const first = augment(native, 'xnnpack', 7);
  assert.ok(first.plan.exits.length > 0, 'the plan has exits to compare');
  const second = augment(wasm, 'xnnpack', 7);
  assertSamePlan(first.plan, second.plan);
  assertSamePlan(first.paper_method, second.paper_method);
});

test('the same seed twice is the same plan, bit for bit', () => {
  assert.deepEqual(augment(native, 'xnnpack', 3), augment(native, 'xnnpack', 3));
});
