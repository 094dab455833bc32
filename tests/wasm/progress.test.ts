// The estimate of the time left: right for steady work, corrected by phases that were off, never jumping back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressEstimator } from '@offramp/engine';

function clock(): { now: () => number; pass: (seconds: number) => void } {
  let seconds = 100;
  return { now: () => seconds, pass: (more) => { seconds += more; } };
}

test('steady work in one phase', () => {
  const time = clock();
  const progress = new ProgressEstimator([{ name: 'work', weight: 1 }], time.now);
  assert.equal(progress.update('work', 0, 10).remainingSeconds, null);
  time.pass(3);
  const { remainingSeconds, fraction, elapsedSeconds } = progress.update('work', 3, 10);
  assert.ok(Math.abs((remainingSeconds ?? 0) - 7) < 1e-9);
  assert.ok(Math.abs(fraction - 0.3) < 1e-9);
  assert.equal(elapsedSeconds, 3);
  time.pass(7);
  assert.equal(progress.update('work', 10, 10).remainingSeconds, 0);
});

test('later phases are taken by weight at the pace so far', () => {
  const time = clock();
  const progress = new ProgressEstimator([{ name: 'a', weight: 2 }, { name: 'b', weight: 6 }], time.now);
  time.pass(10); // a is half done after 10 s: 10 s more, and b is three times a
  assert.ok(Math.abs((progress.update('a', 5, 10).remainingSeconds ?? 0) - 70) < 1e-9);
  time.pass(10);
  progress.update('b', 0, 4);
  time.pass(2); // b turns out quick: a quarter in 2 s
  assert.ok(Math.abs((progress.update('b', 1, 4).remainingSeconds ?? 0) - 6) < 1e-9);
});

test('what was kept from an earlier go took no time', () => {
  const time = clock();
  const progress = new ProgressEstimator([{ name: 'a', weight: 2 }, { name: 'b', weight: 6 }], time.now);
  progress.skipTo('b', 1, 4);
  assert.equal(progress.update('b', 1, 4).remainingSeconds, null);
  time.pass(2); // another quarter in 2 s
  const { fraction, remainingSeconds } = progress.update('b', 2, 4);
  assert.equal(fraction, 5 / 8);
  assert.ok(Math.abs((remainingSeconds ?? 0) - 4) < 1e-9);
});

test('the fraction never falls, and totals of zero are harmless', () => {
  const time = clock();
  const progress = new ProgressEstimator([{ name: 'a', weight: 1 }, { name: 'b', weight: 1 }], time.now);
  time.pass(1);
  assert.equal(progress.update('a', 8, 10).fraction, 0.4);
  assert.equal(progress.update('a', 2, 10).fraction, 0.4);
  assert.equal(progress.update('b', 0, 0).fraction, 0.5);
  assert.equal(progress.update('unknown', 5, 5).fraction, 1);
});
