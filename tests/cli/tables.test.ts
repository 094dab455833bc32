// Numbers and tables for people.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bar, count, duration, macs, percent, safe, signedPercent, signedPoints, table } from 'offramp/tables';

test('numbers', () => {
  assert.deepEqual([macs(2_661_000), macs(3.7e9), macs(12_345), macs(7), macs(null)], ['2.66 M', '3.70 G', '12.3 k', '7', '-']);
  assert.deepEqual([duration(1500), duration(2_340_000), duration(3.2e9), duration(undefined)], ['1.5 µs', '2.34 ms', '3.20 s', '-']);
  assert.deepEqual([percent(0.91238), signedPoints(-0.004), signedPoints(0.3), signedPoints(-1), signedPercent(-52.34)], ['91.24 %', '0.00 pp', '+0.30 pp', '-1.00 pp', '-52.3 %']);
  assert.deepEqual([count(1234567), count(999)], ['1,234,567', '999']);
});

test('bars have eighths', () => {
  assert.deepEqual([bar(0), bar(1, 4), bar(0.5, 4), bar(0.03125, 4), bar(null), bar(7, 2)], ['', '████', '██', '▏', '', '██']);
});

test('columns line up, without trailing blanks', () => {
  assert.equal(table([['a', 'bb', ''], ['ccc', 'd', 'e']], ['left', 'right', 'left']), 'a    bb\nccc   d  e');
});

test('names from files cannot steer the terminal', () => {
  assert.equal(safe('a\x1b[31mb\n\u202ec'), 'a\ufffd[31mb\ufffd\ufffdc');
  assert.equal(safe('x'.repeat(60)).length, 48);
});
