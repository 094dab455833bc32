// Rows drawn from a set: seeded, each at most once, and mixed even where the data are sorted by class.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleRows } from '@offramp/engine';
import { fakeData } from './fake_module.js';

const data = fakeData('d', 200);

test('as many as asked for, each once, in order, with their labels', () => {
  const drawn = sampleRows(data, 50, 1);
  const rows = [...drawn.x.data];
  assert.equal(new Set(rows).size, 50);
  assert.deepEqual(rows, [...rows].sort((a, b) => a - b));
  assert.deepEqual([...drawn.y], rows.map((row) => row % 2));
});

test('the seed decides', () => {
  assert.deepEqual(sampleRows(data, 50, 1), sampleRows(data, 50, 1));
  assert.notDeepEqual(sampleRows(data, 50, 1).x.data, sampleRows(data, 50, 2).x.data);
  assert.equal(sampleRows(data, 200, 1), data);
});

test('every part of the set is drawn alike', () => {
  const hits = new Array<number>(4).fill(0);
  for (let seed = 0; seed < 200; seed += 1) {
    for (const row of sampleRows(data, 20, seed).x.data) hits[row / 50 | 0] = (hits[row / 50 | 0] ?? 0) + 1;
  }
  // 1000 expected in each quarter, standard deviation below 28
  assert.ok(hits.every((hit) => Math.abs(hit - 1000) < 140), String(hits));
});
