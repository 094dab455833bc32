// What ./run bench links prints, with made-up figures, and the device that is held back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RawTensor, Runtime } from '@offramp/engine';
import { heldBack } from './links/measured_plan.js';
import { renderCrossover, renderEncodings, renderGrid } from './links/table.js';

test('the grid: predicted beside measured, and what misses the goal is marked', () => {
  const point = { rtt_ms: 1, mbit_per_s: 10, link: { rtt_ns: 1.5e6, bytes_per_s: 1.25e6 }, mapping: 'device 0, fog 1', cross_rate: 0.25, bytes: 8512, degraded: 0 };
  const text = renderGrid([{ ...point, predicted_ns: 9e6, measured_ns: 10e6, ratio: 0.9 }, { ...point, rtt_ms: 100, predicted_ns: 80e6, measured_ns: 100e6, ratio: 0.8 }]);
  const [, first, second, last] = text.split('\n').map((line) => line.replace(/ {2,}/g, ' | '));
  assert.equal(first, '1 ms | 10 Mbit/s | 1.50 ms | 10.0 Mbit/s | device 0, fog 1 | 25.0 % | 8512 B | 9.00 ms | 10.0 ms | 0.900');
  assert.match(second ?? '', / \| 80\.0 ms \| 100\.0 ms \| 0\.800 !$/);
  assert.equal(last, 'largest deviation 20.0 % (goal 15.0 %)');
});

test('the crossover: with a split that pays, and without', () => {
  const sweep = [{ device_macs_per_s: 1e9, local_ns: 50e6, remote_ns: 40e6, best_ns: 30e6, mapping: 'device 0, fog 1 to 2', cross_rate: 0.5 }];
  const link = { rtt_ms: 20, mbit_per_s: 50, encoding: 'u8' };
  const [predicted] = sweep;
  assert.ok(predicted !== undefined);
  const found = { link, fog_macs_per_s: 1e10, sweep, ends_cross_at_macs_per_s: 1.25e9, measured: { device_macs_per_s: 1e9, local_ns: 51e6, remote_ns: 41e6, best_ns: 31e6, predicted } };
  const text = renderCrossover({ ...found, split: { from: 1e9, to: 2e9 } }).replace(/ {2,}/g, ' | ');
  assert.match(text, /^1\.000 G \| 50\.0 ms \| 40\.0 ms \| 30\.0 ms \| 25\.0 % \| 50\.0 % \| device 0, fog 1 to 2$/m);
  assert.match(text, /^a split plan beats both ends from 1\.000 G to 2\.000 G MAC\/s$/m);
  assert.match(text, /^all local and all on the fog take equally long at 1\.250 G MAC\/s$/m);
  assert.match(text, /^best: device 0, fog 1 to 2 \| 30\.0 ms \| 31\.0 ms$/m);
  assert.match(renderCrossover({ ...found, split: null }), /^a split plan beats both ends at none of these speeds$/m);
});

test('encodings: a loss beyond the goal is marked, a gain is not', () => {
  const text = renderEncodings([{
    task: 'kws', rows: 2000, cross_rate: 0.4, accuracy: 0.9,
    encodings: [{ encoding: 'f16', bytes: 100, accuracy_change_pp: 0.5, changed: 3 }, { encoding: 'u8', bytes: 58, accuracy_change_pp: -0.25, changed: 9 }],
  }]).replace(/ {2,}/g, ' | ');
  assert.match(text, /^kws \| 2000 \| 40\.0 % \| 90\.0 % \| f16 \| 100 \| \+0\.50 pp \| 3$/m);
  assert.match(text, /^kws \| .* \| u8 \| 58 \| -0\.25 pp ! \| 9$/m);
});

test('a device that is held back takes no less than its MACs do at its speed, and answers the same', () => {
  let macs = 0;
  const answer = { exited: { predictedClass: 1, probabilities: new Float32Array(2), exit: 0, score: 1 } };
  const runtime = { executedMacs: () => macs, begin: () => { macs += 1e6; return answer; }, runStage: () => { macs += 2e6; return answer; }, stageCount: () => 3 };
  const held = heldBack(runtime as unknown as Runtime, 1e8);
  const none = {} as RawTensor;
  const start = performance.now();
  assert.equal(held.begin(none), answer);
  assert.ok(performance.now() - start >= 10);
  assert.equal(held.runStage(1, none), answer);
  assert.ok(performance.now() - start >= 30);
  assert.equal(held.stageCount(), 3);
});
