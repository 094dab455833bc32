// Intervals and figures against brute force and simulation.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeInterval, likelyHarm, macroF1, pairedCounts, worstRecallChange, z95, type PairedCounts } from './paired.js';

test('counts of rows that only one gets right', () => {
  assert.deepEqual(pairedCounts([0, 1, 2, 0, 1], [0, 1, 0, 1, 0], [0, 0, 2, 0, 2]), { rows: 5, harmed: 1, mended: 2 });
});

/** Log-likelihood of the counts when q rows are harmed and q + difference mended. */
function likelihood({ rows, harmed, mended }: PairedCounts, q: number, difference: number): number {
  const term = (count: number, share: number): number => (count === 0 ? 0 : share <= 0 ? -Infinity : count * Math.log(share));
  return term(harmed, q) + term(mended, q + difference) + term(rows - harmed - mended, 1 - 2 * q - difference);
}

/** The most likely q by trying a fine grid. */
function searched(counts: PairedCounts, difference: number): number {
  const [low, high] = [Math.max(0, -difference), (1 - difference) / 2];
  let best = low;
  for (let step = 0; step <= 200_000; step += 1) {
    const q = low + ((high - low) * step) / 200_000;
    if (likelihood(counts, q, difference) > likelihood(counts, best, difference)) best = q;
  }
  return best;
}

const examples: PairedCounts[] = [
  { rows: 50, harmed: 2, mended: 12 }, { rows: 1000, harmed: 9, mended: 4 }, { rows: 40, harmed: 0, mended: 0 },
  { rows: 2000, harmed: 18, mended: 0 }, { rows: 12, harmed: 3, mended: 9 },
];

test('the nuisance share is the most likely one', () => {
  for (const counts of examples)
    for (const difference of [-0.3, -0.01, 0.004, 0.2]) {
      const [closed, tried] = [likelyHarm(counts, difference), searched(counts, difference)];
      assert.ok(Math.abs(closed - tried) < 1e-5, `${JSON.stringify(counts)} at ${difference}: ${closed}, not ${tried}`);
    }
});

test('limits are where the score test turns, found by trying', () => {
  for (const counts of examples) {
    const rejected = (difference: number): boolean => {
      const variance = counts.rows * (2 * searched(counts, difference) + difference * (1 - difference));
      return Math.abs(counts.mended - counts.harmed - counts.rows * difference) > z95 * Math.sqrt(variance);
    };
    const [low, high] = changeInterval(counts);
    const step = 1e-4;
    assert.ok(!rejected(low + step) && (low <= -1 + step || rejected(low - step)), `${JSON.stringify(counts)}: ${low}`);
    assert.ok(!rejected(high - step) && (high >= 1 - step || rejected(high + step)), `${JSON.stringify(counts)}: ${high}`);
  }
});

test('no row that differs: as wide as the rows allow, and even on both sides', () => {
  const [low, high] = changeInterval({ rows: 100, harmed: 0, mended: 0 });
  assert.ok(Math.abs(high - z95 ** 2 / (100 + z95 ** 2)) < 1e-9 && Math.abs(low + high) < 1e-9);
});

test('about 95 % of intervals hold the truth, few rows differing or many', () => {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  for (const [harm, mend] of [[0.01, 0.004], [0.03, 0.03], [0.2, 0.1]] as const) {
    let held = 0;
    const repeats = 1500;
    for (let repeat = 0; repeat < repeats; repeat += 1) {
      const counts = { rows: 1000, harmed: 0, mended: 0 };
      for (let row = 0; row < 1000; row += 1) {
        const draw = random();
        if (draw < harm) counts.harmed += 1;
        else if (draw < harm + mend) counts.mended += 1;
      }
      const [low, high] = changeInterval(counts);
      if (low <= mend - harm && mend - harm <= high) held += 1;
    }
    assert.ok(held / repeats > 0.93 && held / repeats < 0.97, `${harm}, ${mend}: ${held / repeats}`);
  }
});

test('macro-F1 and the worst class, by hand', () => {
  const labels = [0, 0, 0, 1, 1, 3];
  assert.ok(Math.abs(macroF1(labels, [0, 0, 1, 1, 1, 0]) - (4 / 6 + 4 / 5 + 0) / 3) < 1e-12);
  assert.equal(macroF1(labels, labels), 1);
  assert.deepEqual(worstRecallChange(labels, [0, 0, 1, 1, 1, 3], [0, 0, 0, 1, 2, 3]), { label: 1, rows: 2, changePp: -50 });
  assert.deepEqual(worstRecallChange([1, 1], [0, 1], [1, 1]), { label: 1, rows: 2, changePp: 50 });
});
