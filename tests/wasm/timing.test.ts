// Timing by turns: what runs how often, and the statistics. How long things take is never asserted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OfframpError, percentile, seededInput, summariseTimes, timeByTurns } from '@offramp/engine';

test('percentiles are linear between neighbours, as NumPy has them', () => {
  assert.equal(percentile([4, 1, 3, 2], 0.5), 2.5);
  assert.ok(Math.abs(percentile([4, 1, 3, 2], 0.1) - 1.3) < 1e-12);
  assert.equal(percentile([7], 0.9), 7);
  assert.deepEqual(summariseTimes([10, 20, 30]), { median_ns: 20, p10_ns: 12, p90_ns: 28, runs: 3 });
});

test('each gets the runs asked for, by turns and after its warm-up', async () => {
  const order: string[] = [];
  const marks: number[] = [];
  const times = await timeByTurns(['a', 'b'].map((name) => () => { order.push(name); }), { runs: 25, onRound: (done) => marks.push(done) });
  assert.deepEqual(times.map((own) => own.length), [25, 25]);
  const timed = order.slice(-50).join('');
  assert.equal(order.length, 50 + 2 * 200);
  assert.match(timed, /^(a{2,3}b{2,3}){10}$/);
  assert.deepEqual(marks, [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('it can be cancelled', async () => {
  const abort = new AbortController();
  await assert.rejects(timeByTurns([() => abort.abort()], { signal: abort.signal }), (error: OfframpError) => error.code === 'cancelled');
});

test('made-up samples: one row, the same every time, zero for integers', () => {
  const one = seededInput({ name: 'x', dtype: 'f32', shape: ['N', 3, 4] });
  assert.deepEqual(one.dims, [1, 3, 4]);
  assert.deepEqual(one, seededInput({ name: 'y', dtype: 'f32', shape: ['N', 3, 4] }));
  const values = new Float32Array(one.data.buffer);
  assert.ok(values.every((value) => value >= -1 && value < 1) && new Set(values).size === 12);
  assert.deepEqual(seededInput({ name: 'ids', dtype: 'i64', shape: ['2N', 2] }), { dtype: 'i64', dims: [2, 2], data: new Uint8Array(32) });
});

test('open shapes and unknown types are refused by name', () => {
  const refused = (value: Parameters<typeof seededInput>[0], message: string): void =>
    assert.throws(() => seededInput(value), (error: OfframpError) => error.code === 'unsupported' && error.message === message);
  refused({ name: 'x', dtype: 'f32', shape: null }, 'input "x" has no fixed shape, so no sample can be made for it');
  refused({ name: 'x', dtype: 'f32', shape: ['N', null] }, 'input "x" has no fixed shape, so no sample can be made for it');
  refused({ name: 'x', dtype: 'string', shape: ['N'] }, 'input "x" is string, for which no sample can be made');
});
