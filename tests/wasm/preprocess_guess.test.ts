// What is assumed for data that bring no preprocessing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessPreprocess, type DataType } from '@offramp/engine';
import { failure } from './samples.js';

const sample = (dtype: DataType, ...dims: number[]) => ({ dtype, dims: [7, ...dims], data: new Uint8Array(0) });
const scale = { op: 'scale', by: 1 / 255 };

const cases: [string, ReturnType<typeof sample>, (number | null)[], object[]][] = [
  ['fits', sample('f32', 1, 49, 10), [null, 1, 49, 10], []],
  ['grey pixels', sample('u8', 28, 28), [null, 1, 28, 28], [scale, { op: 'reshape', shape: [-1, 1, 28, 28] }]],
  ['colour pixels', sample('u8', 32, 32, 3), [null, 3, 32, 32], [scale, { op: 'transpose', axes: [0, 3, 1, 2] }]],
  ['channels last wanted', sample('u8', 3, 32, 32), [null, 32, 32, 3], [scale, { op: 'transpose', axes: [0, 2, 3, 1] }]],
  ['signal', sample('i16', 256), [null, 1, 256], [{ op: 'reshape', shape: [-1, 1, 256] }]],
  ['flat model', sample('u8', 28, 28), [null, 784], [scale, { op: 'reshape', shape: [-1, 784] }]],
  ['flat data', sample('f32', 784), [null, 1, 28, 28], [{ op: 'reshape', shape: [-1, 1, 28, 28] }]],
];
for (const [name, x, model, steps] of cases) {
  test(name, () => assert.deepEqual(guessPreprocess(x, model).steps, steps));
}

test('what was assumed is said', () => {
  assert.equal(guessPreprocess(sample('u8', 28, 28), [null, 1, 28, 28]).assumed, 'bytes are pixels, scaled to 0..1; samples [28, 28] are reshaped to [1, 28, 28]');
  assert.equal(guessPreprocess(sample('f32', 1, 28, 28), [null, 1, 28, 28]).assumed, undefined);
});

test('shapes that do not fit', () => assert.throws(() => guessPreprocess(sample('u8', 32, 32, 3), [null, 1, 28, 28]),
  failure('invalid_data', 'samples have shape [32, 32, 3], the model takes [1, 28, 28], and no preprocessing is given; name the steps with --preprocess or in a dataset description')));
