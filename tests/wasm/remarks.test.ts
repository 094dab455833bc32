// What users are told about their rows: whole sentences, counted by hand.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { augmentModel, remarkOnBase, remarkOnClassLimit, remarkOnRows, toRawTensor, type Dataset } from '@offramp/engine';
import { fakeData, fakeEngine } from './fake_module.js';

/** One sample a number, spread over two pixels so that order matters. */
function rows(name: string, samples: readonly number[], y: readonly number[]): Dataset {
  return { name, x: toRawTensor(Uint8Array.from(samples.flatMap((value) => [value, 255 - value])), [samples.length, 2]), y: Int32Array.from(y) };
}
const apart = { train: rows('a', [1, 2, 3], [0, 1, 2]), select: rows('b', [4, 5, 6], [0, 1, 2]), test: rows('c', [7, 8, 9], [0, 1, 2]) };

test('rows with nothing odd about them get no remark', () => {
  assert.deepEqual(remarkOnRows(apart, undefined), []);
});

test('classes that a part lacks, by name and with what follows', () => {
  const parts = { train: rows('a', [1, 2, 3], [0, 1, 1]), select: rows('b', [4, 5, 6], [0, 1, 2]), test: rows('c', [7, 8], [0, 0]) };
  assert.deepEqual(remarkOnRows(parts, ['N', 'S', 'V', 'never seen']), [
    'no train rows of class 2 (V): heads cannot learn it',
    'no test rows of classes 1 (S) and 2 (V): nothing is measured of them',
  ]);
  const many = { ...apart, select: rows('b', Array.from({ length: 9 }, (_, i) => 20 + i), Array.from({ length: 9 }, (_, i) => 10 + i)) };
  assert.equal(remarkOnRows(many, undefined)[0], 'no train rows of classes 10, 11, 12, 13, 14 and 4 more: heads cannot learn them');
  assert.equal(remarkOnRows(many, undefined)[1], 'no select rows of classes 0, 1 and 2: thresholds are chosen without them');
});

test('without select rows, nothing is said of their classes', () => {
  assert.deepEqual(remarkOnRows({ ...apart, select: rows('b', [], []) }, undefined), []);
});

test('rows that stand in two parts, and those with another label there', () => {
  const parts = { train: rows('a', [1, 2, 3], [0, 1, 2]), select: rows('b', [3, 4, 1], [2, 1, 1]), test: rows('c', [9, 9, 4, 2], [0, 0, 1, 2]) };
  assert.deepEqual(remarkOnRows(parts, undefined).filter((remark) => remark.includes('byte for byte')), [
    '2 of 3 select rows are train rows too, byte for byte, 1 of them with another label: thresholds are too optimistic',
    '1 of 4 test rows are train rows too, byte for byte, 1 of them with another label: figures are better than on new data',
    '1 of 4 test rows are select rows too, byte for byte: figures are better than on new data',
  ]);
});

test('repeats inside one part are none across parts', () => {
  const parts = { ...apart, test: rows('c', [7, 7, 9], [0, 1, 2]) };
  assert.deepEqual(remarkOnRows(parts, undefined), []);
});

test('a part whose samples are all the same', () => {
  const parts = { ...apart, train: rows('a', [5, 5, 5], [0, 1, 2]), select: rows('b', [4, 4, 6], [0, 1, 2]) };
  assert.deepEqual(remarkOnRows(parts, undefined), ['all 3 train rows hold the same sample: nothing tells classes apart']);
});

test('a model that is no better than its most frequent class', () => {
  const data = rows('c', [1, 2, 3, 4], [2, 2, 0, 1]);
  assert.deepEqual(remarkOnBase(0.75, data, undefined), []);
  assert.deepEqual(remarkOnBase(0.5, data, ['N', 'S', 'V']), [
    'the model is right on 50.0 % of the test rows, no more than always answering class 2 (V) would be (50.0 %): '
    + 'check the preprocessing, and that labels count the classes as the model does']);
});

test('classes of too few rows for a limit per class, rarest first', () => {
  const of = (...counts: number[]): Dataset => {
    const y = counts.flatMap((count, label) => Array.from({ length: count }, () => label));
    return rows('b', y, y);
  };
  const train = of(200, 200);
  assert.deepEqual(remarkOnClassLimit(2, { train, select: of(150, 150) }, undefined), []);
  assert.deepEqual(remarkOnClassLimit(2, { train, select: of(900, 149, 57) }, ['N', 'S', 'F']), [
    'to hold a class to a loss of 2 pp on new data takes some 150 select rows of it: 2 (F) with 57 and 1 (S) with 149 have fewer and may lose more']);
  assert.deepEqual(remarkOnClassLimit(1, { train, select: of() }, undefined), [
    'to hold a class to a loss of 1 pp on new data takes some 300 select rows of it: 0 with 200 and 1 with 200 have fewer and may lose more']);
  assert.deepEqual(remarkOnClassLimit(0, { train, select: of(3) }, undefined), []);
});

test('the driver tells them as they come, and puts all into report and evidence', async () => {
  const { engine, log } = fakeEngine();
  const told: string[] = [];
  const data = { train: fakeData('train', 100), select: fakeData('select', 20, 100), test: { ...fakeData('test', 30, 150), y: new Int32Array(30) }, said: ['split by hand'] };
  const { report } = await augmentModel(engine, new Uint8Array(0), data, { preprocess: [] }, { onRemark: (remark) => told.push(remark) });
  assert.equal(told[0], 'no test rows of class 1: nothing is measured of it');
  assert.match(told.at(-1) as string, /^the model is right on 90\.0 % of the test rows, no more than always answering class 0 would be \(100\.0 %\)/);
  assert.deepEqual(report.remarks, ['split by hand', ...told]);
  assert.deepEqual((log.evidence as { remarks: string[] }).remarks, report.remarks);
});
