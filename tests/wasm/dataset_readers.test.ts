// .npz, IDX, CSV and class folders: what they give, and how they refuse.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'fast-png';
import { gzipSync, zipSync } from 'fflate';
import { dataLimits, toTypedArray } from '@offramp/engine';
import { bytesOf, failure, idxFile, npyFile, readFrom, text } from './samples.js';

const x = npyFile('<f4', [3, 2], bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6)));
const y = npyFile('|u1', [3], Uint8Array.of(0, 1, 0));

test('npz with x, y and groups', async () => {
  const npz = zipSync({ 'x.npy': x, 'y.npy': y, 'groups.npy': npyFile('<i4', [3], bytesOf(Int32Array.of(7, 7, 9))), 'more.npy': y });
  const data = await readFrom({ 'a.npz': npz }, 'a.npz');
  assert.deepEqual(data.x.dims, [3, 2]);
  assert.deepEqual([...data.y], [0, 1, 0]);
  assert.deepEqual([...(data.groups ?? [])], [7, 7, 9]);
});

test('IDX pair, raw and gzipped, by its images file and by its folder', async () => {
  const images = idxFile(8, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
  const labels = idxFile(8, [2], [3, 9]);
  for (const files of [
    { 'train-images-idx3-ubyte': images, 'train-labels-idx1-ubyte': labels },
    { 'train-images-idx3-ubyte.gz': gzipSync(images), 'train-labels-idx1-ubyte.gz': gzipSync(labels) },
    { 'train-images-idx3-ubyte.gz': gzipSync(images), 'train-labels-idx1-ubyte': labels },
  ]) {
    for (const entry of [Object.keys(files)[0], undefined]) {
      const data = await readFrom(files as unknown as Record<string, Uint8Array>, entry);
      assert.deepEqual(data.x.dims, [2, 2, 2]);
      assert.deepEqual([...data.x.data], [1, 2, 3, 4, 5, 6, 7, 8]);
      assert.deepEqual([...data.y], [3, 9]);
    }
  }
});

test('IDX of wider types is big-endian', async () => {
  const data = await readFrom({ 'a-images-idx2-ubyte': idxFile(0x0b, [2, 1], [1, 0, 255, 255]), 'a-labels-idx1-ubyte': idxFile(8, [2], [0, 1]) }, 'a-images-idx2-ubyte');
  assert.deepEqual([...toTypedArray(data.x)], [256, -1]);
});

test('CSV with header, label column by name, groups, quotes and blank lines', async () => {
  const csv = '\ufeffa,label,"b ""x""",group\r\n1,cat,2.5,p1\r\n\r\n-3e1,"dog",.5,p2\r\n4,cat,1,p1\r\n';
  const data = await readFrom({ 'a.csv': text(csv) }, 'a.csv');
  assert.deepEqual([...toTypedArray(data.x)], [1, 2.5, -30, 0.5, 4, 1]);
  assert.deepEqual(data.x.dims, [3, 2]);
  assert.deepEqual([...data.y], [0, 1, 0]);
  assert.deepEqual(data.labels, ['cat', 'dog']);
  assert.deepEqual([...(data.groups ?? [])], [0, 1, 0]);
});

test('CSV without header: the last column is the label', async () => {
  const data = await readFrom({ 'a.csv': text('1,2,0\n3,4,2') }, 'a.csv');
  assert.deepEqual([...toTypedArray(data.x)], [1, 2, 3, 4]);
  assert.deepEqual([...data.y], [0, 2]);
  assert.equal(data.labels, undefined);
});

const png = (width: number, height: number, channels: 1 | 3 | 4, first = 0): Uint8Array =>
  encode({ width, height, channels, depth: 8, data: Uint8Array.from({ length: width * height * channels }, (_, index) => first + index) });

test('class folders in alphabetical order, transparency dropped', async () => {
  const data = await readFrom({ 'dog/1.png': png(2, 1, 3, 100), 'cat/2.png': png(2, 1, 4), 'cat/notes.txt': text('no') }, undefined);
  assert.deepEqual(data.labels, ['cat', 'dog']);
  assert.deepEqual(data.x.dims, [2, 1, 2, 3]);
  assert.deepEqual([...data.x.data], [0, 1, 2, 4, 5, 6, 100, 101, 102, 103, 104, 105]);
  assert.deepEqual([...data.y], [0, 1]);
});

test('class folders named by numbers, and by a given order', async () => {
  const numbers = await readFrom({ '10/a.png': png(1, 1, 1), '2/a.png': png(1, 1, 1, 5) }, undefined);
  assert.deepEqual([...numbers.y], [10, 2]);
  assert.deepEqual(numbers.x.dims, [2, 1, 1]);
  const ordered = await readFrom({ 'cat/a.png': png(1, 1, 1), 'dog/a.png': png(1, 1, 1) }, undefined, { classOrder: ['dog', 'fox', 'cat'] });
  assert.deepEqual([...ordered.y], [2, 0]);
  assert.deepEqual(ordered.labels, ['dog', 'fox', 'cat']);
});

const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0);
const bomb = zipSync({ 'x.npy': new Uint8Array(5000), 'y.npy': y }, { level: 9 });
const wide = png(4, 4, 1).slice();
new DataView(wide.buffer).setUint32(16, 2 ** 30);
const csvCase = (content: string): Record<string, Uint8Array> => ({ 'a.csv': text(content) });

const refusals: [string, Record<string, Uint8Array>, string | undefined, string, string][] = [
  ['npz without y', { 'a.npz': zipSync({ 'x.npy': x, 'z.npy': y }) }, 'a.npz', 'invalid_data', 'data a.npz: a .npz needs the arrays x and y (and may have groups); this one has x, z. Write it with numpy.savez(file, x=..., y=...)'],
  ['npz with fewer labels', { 'a.npz': zipSync({ 'x.npy': x, 'y.npy': npyFile('|u1', [2], Uint8Array.of(0, 1)) }) }, 'a.npz', 'invalid_data', 'data a.npz: 3 samples but 2 labels; there must be one label a sample'],
  ['no zip', { 'a.npz': text('hello') }, 'a.npz', 'invalid_data', 'data a.npz: not a zip file'],
  ['one-hot labels', { 'a.npz': zipSync({ 'x.npy': x, 'y.npy': npyFile('|u1', [3, 2], new Uint8Array(6)) }) }, 'a.npz', 'invalid_data', 'data a.npz: labels have shape [3, 2]; one number a row is needed; turn one-hot rows into class numbers with argmax(axis=1)'],
  ['fractional label', { 'a.npz': zipSync({ 'x.npy': x, 'y.npy': npyFile('<f4', [3], bytesOf(Float32Array.of(0, 0.5, 1))) }) }, 'a.npz', 'invalid_data', 'data a.npz: row 1: label 0.5 is no class number; classes are whole numbers from 0'],
  ['not finite', { 'a.npz': zipSync({ 'x.npy': npyFile('<f4', [3, 2], bytesOf(Float32Array.of(1, 2, 3, NaN, 5, 6))), 'y.npy': y }) }, 'a.npz', 'invalid_data', 'data a.npz: row 1: value NaN at position 1; samples must be finite. Drop or repair the row'],
  ['bare npy', { 'x.npy': x }, 'x.npy', 'invalid_data', 'data x.npy: a .npy file holds samples without labels; name both in a description: {"offramp_dataset": 1, "x": "x.npy", "y": "labels.npy"}'],
  ['unknown kind', { 'a.txt': text('') }, 'a.txt', 'invalid_data', 'data a.txt: unknown kind of data file; known are a dataset description (.json), .npz, an IDX pair, .csv, or a folder of class folders with pictures or .wav sounds'],
  ['IDX without labels', { 'a-images-idx3-ubyte': idxFile(8, [1, 1, 1], [0]) }, 'a-images-idx3-ubyte', 'invalid_data', 'data a-images-idx3-ubyte: no labels beside a-images-idx3-ubyte: looked for a-labels-idx1-ubyte and the same with .gz'],
  ['IDX cut short', { 'a-images-idx3-ubyte': idxFile(8, [2, 1, 1], [0]), 'a-labels-idx1-ubyte': idxFile(8, [2], [0, 1]) }, undefined, 'invalid_data', 'data folder > a-images-idx3-ubyte: IDX dimensions 2 x 1 x 1 need 2 bytes, the file holds 1'],
  ['CSV ragged', csvCase('a,b,label\n1,2,0\n1,0\n'), 'a.csv', 'invalid_data', 'data a.csv: line 3: 2 fields where line 1 has 3'],
  ['CSV hole', csvCase('a,b,label\n1,,0\n'), 'a.csv', 'invalid_data', 'data a.csv: line 2, column b: no value; fill the hole or drop the line'],
  ['CSV NaN', csvCase('1,2,0\n1,nan,0\n'), 'a.csv', 'invalid_data', 'data a.csv: line 2, column 2: "nan" is no finite number'],
  ['CSV text', csvCase('1,2,0\n1,x,0\n'), 'a.csv', 'invalid_data', 'data a.csv: line 2, column 2: "x" is no finite number'],
  ['CSV quote', csvCase('1,"2,0\n'), 'a.csv', 'invalid_data', 'data a.csv: line 1: a quote is never closed'],
  ['CSV empty', csvCase(''), 'a.csv', 'invalid_data', 'data a.csv: the CSV file is empty'],
  ['CSV only header', csvCase('a,b,label\n'), 'a.csv', 'invalid_data', 'data a.csv: the CSV file has a header but no rows'],
  ['picture sizes', { 'a/1.png': png(2, 2, 1), 'b/1.png': png(2, 3, 1) }, undefined, 'invalid_data', 'data folder: b/1.png is 2 x 3 grey, a/1.png is 2 x 2 grey; all pictures must have one size and kind'],
  ['picture kinds', { 'a/1.png': png(2, 2, 1), 'b/1.png': png(2, 2, 3) }, undefined, 'invalid_data', 'data folder: b/1.png is 2 x 2 colour, a/1.png is 2 x 2 grey; all pictures must have one size and kind'],
  ['JPEG', { 'a/1.jpg': jpeg }, undefined, 'invalid_data', 'data folder: a/1.jpg is not a PNG; other formats need the optional package sharp (npm install sharp), or convert the pictures to PNG'],
  ['huge PNG', { 'a/1.png': wide }, undefined, 'limit_exceeded', `data folder: a/1.png has ${2 ** 30} x 4 pixels; at most ${dataLimits.imagePixels} are read`],
  ['two sets', { 'a.npz': bomb, 'b.csv': text('') }, undefined, 'invalid_data', 'data folder: the folder holds 2 sets (a.npz, b.csv); name the one that is meant'],
  ['nothing', {}, undefined, 'invalid_data', 'data folder: the folder holds no data that are known: a dataset description (.json), .npz, an IDX pair, .csv, or a folder of class folders with pictures or .wav sounds'],
];
for (const [name, files, entry, code, message] of refusals) {
  test(`refused: ${name}`, () => assert.rejects(readFrom(files, entry), failure(code, message)));
}

test('caps hold before memory is taken', async () => {
  const limits = { ...dataLimits, totalBytes: 4000 };
  await assert.rejects(readFrom({ 'a.npz': bomb }, 'a.npz', { limits }), failure('limit_exceeded', 'data a.npz: the zip unpacks to more than 4000 bytes'));
  const gz = { 'a-images-idx3-ubyte.gz': gzipSync(new Uint8Array(100_000)), 'a-labels-idx1-ubyte': idxFile(8, [1], [0]) };
  await assert.rejects(readFrom(gz, undefined, { limits }), failure('limit_exceeded', 'data folder > a-images-idx3-ubyte.gz: unpacks to more than 4000 bytes'));
  await assert.rejects(readFrom({ 'a.npz': bomb }, 'a.npz', { limits: { ...dataLimits, fileBytes: 10 } }),
    failure('limit_exceeded', `data a.npz: file a.npz has ${bomb.length} bytes; at most 10 are read`));
});

test('a PNG whose pixel data are a bomb is refused', async () => {
  // A 1 x 1 picture that carries 10 MB of zeros where three bytes belong.
  const real = png(1, 1, 3);
  const { zlibSync } = await import('fflate');
  const idat = zlibSync(new Uint8Array(10_000_000));
  const chunk = Uint8Array.from([0, 0, 0, 0, ...text('IDAT'), ...idat, 0, 0, 0, 0]);
  new DataView(chunk.buffer).setUint32(0, idat.length);
  const bombed = Uint8Array.from([...real.subarray(0, 33), ...chunk, ...real.subarray(real.length - 12)]);
  await assert.rejects(readFrom({ 'a/1.png': bombed }, undefined),
    failure('limit_exceeded', 'data folder: a/1.png unpacks to more pixel data than its 1 x 1 pixels can hold'));
});
