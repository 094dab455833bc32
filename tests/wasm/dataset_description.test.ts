// Dataset descriptions: lists, rows, groups; and nothing outside the folder is ever opened.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'fflate';
import { readDataset } from '@offramp/engine';
import { openTree } from '@offramp/engine/node';
import { failure, idxFile, npyFile, readFrom, text } from './samples.js';

const u8 = (shape: number[], values: number[]): Uint8Array => npyFile('|u1', shape, Uint8Array.from(values));
const files = {
  'a_x.npy': u8([2, 1], [10, 11]), 'b_x.npy': u8([3, 1], [12, 13, 14]), 'a_y.npy': u8([2], [0, 1]), 'b_y.npy': u8([3], [1, 0, 1]),
  'time.npy': npyFile('<i8', [5], new Uint8Array(BigInt64Array.of(7n, -3n, 0n, 12n, 2n).buffer)),
  'patient.npy': npyFile('<i8', [5], new Uint8Array(BigInt64Array.of(1n, 1n, 2n, 2n, 3n).buffer)),
};
const describe = (more: object): Record<string, Uint8Array> => ({ ...files, 'd.json': text(JSON.stringify({ offramp_dataset: 1, x: ['a_x.npy', 'b_x.npy'], y: ['a_y.npy', 'b_y.npy'], ...more })) });

test('lists are joined, rows are half-open, groups and labels and steps pass through', async () => {
  const preprocess = [{ op: 'scale', by: 0.5 }];
  const data = await readFrom(describe({ rows: [1, 4], groups: 'patient.npy', labels: ['N', 'S'], note: 'x', preprocess }), 'd.json');
  assert.deepEqual([...data.x.data], [11, 12, 13]);
  assert.deepEqual(data.x.dims, [3, 1]);
  assert.deepEqual([...data.y], [1, 1, 0]);
  assert.deepEqual([...(data.groups ?? [])], [1, 2, 2]);
  assert.deepEqual(data.labels, ['N', 'S']);
  assert.deepEqual(data.preprocess, preprocess);
});

test('an order passes through with its rows', async () => {
  const data = await readFrom(describe({ rows: [1, 4], groups: 'patient.npy', order: 'time.npy' }), 'd.json');
  assert.deepEqual([...(data.order ?? [])], [-3, 0, 12]);
});

test('IDX files are named like arrays', async () => {
  const idx = { 't-images-idx2-ubyte.gz': gzipSync(idxFile(8, [3, 1], [5, 6, 7])), 't-labels-idx1-ubyte': idxFile(8, [3], [0, 1, 1]) };
  const data = await readFrom({ ...idx, 'd.json': text('{"offramp_dataset": 1, "x": "t-images-idx2-ubyte.gz", "y": "t-labels-idx1-ubyte", "rows": [1, 3]}') }, 'd.json');
  assert.deepEqual([...data.x.data], [6, 7]);
  assert.deepEqual([...data.y], [1, 1]);
});

test('a description without preprocessing says that there is none', async () => {
  assert.deepEqual((await readFrom(describe({}), undefined)).preprocess, []);
});

const refusals: [string, object, string, string][] = [
  ['..', { x: '../a_x.npy' }, 'invalid_data', 'data d.json > "x" ../a_x.npy: path "../a_x.npy" has ".."; only files in the description\'s own folder are opened'],
  ['hidden ..', { x: 'b/../../a_x.npy' }, 'invalid_data', 'data d.json > "x" b/../../a_x.npy: path "b/../../a_x.npy" has ".."; only files in the description\'s own folder are opened'],
  ['absolute', { x: '/etc/passwd' }, 'invalid_data', 'data d.json > "x" /etc/passwd: path "/etc/passwd" is absolute; only files in the description\'s own folder are opened'],
  ['drive', { x: 'C:x.npy' }, 'invalid_data', 'data d.json > "x" C:x.npy: path "C:x.npy" is absolute; only files in the description\'s own folder are opened'],
  ['address', { x: 'file:x.npy' }, 'invalid_data', 'data d.json > "x" file:x.npy: path "file:x.npy" is an address; only files in the description\'s own folder are opened'],
  ['missing', { x: 'c_x.npy' }, 'invalid_data', 'data d.json > "x" c_x.npy: file c_x.npy does not exist'],
  ['not npy', { x: 'd.json' }, 'invalid_data', 'data d.json > "x" d.json: only .npy and IDX files are named here'],
  ['no x', { x: undefined }, 'invalid_data', 'data d.json: "x" must be the name of a .npy or IDX file or a list of such names'],
  ['shapes differ', { x: ['a_x.npy', 'a_y.npy'] }, 'invalid_data', 'data d.json: "x": a_y.npy is u8 [2], a_x.npy is u8 [2, 1]; all but the number of rows must be equal'],
  ['rows', { rows: [3, 9] }, 'invalid_data', 'data d.json: "rows" is [3, 9], but there are 5 rows: 0 <= first < end <= 5 is needed'],
  ['unknown key', { label: [] }, 'invalid_data', 'data d.json: unknown key "label"; known are offramp_dataset, x, y, rows, groups, order, labels, note, preprocess'],
  ['version', { offramp_dataset: 2 }, 'invalid_data', 'data d.json: "offramp_dataset" is 2; version 1 is read'],
  ['counts', { y: 'a_y.npy' }, 'invalid_data', 'data d.json: 5 samples but 2 labels; there must be one label a sample'],
  ['groups', { groups: 'a_y.npy' }, 'invalid_data', 'data d.json: 5 samples but 2 groups; there must be one group a sample'],
  ['order', { order: 'a_y.npy' }, 'invalid_data', 'data d.json: 5 samples but 2 positions in order; there must be one position a sample'],
  ['label names', { labels: ['N'] }, 'invalid_data', 'data d.json: "labels" has 1 names; 2 to 100000 are allowed'],
  ['steps', { preprocess: [{ by: 2 }] }, 'invalid_data', 'data d.json: preprocessing must be a list of steps like {"op": "scale", "by": 0.004}'],
];
for (const [name, more, code, message] of refusals) {
  test(`refused: ${name}`, () => assert.rejects(readFrom(describe(more), 'd.json'), failure(code, message)));
}

test('label out of the named range', () => assert.rejects(
  readFrom({ ...describe({ labels: ['N', 'S'] }), 'b_y.npy': u8([3], [1, 0, 2]) }, 'd.json'),
  failure('invalid_data', 'data d.json: row 4: label 2, but the data name 2 classes (0 to 1)')));

test('other JSON', () => assert.rejects(readFrom({ 'd.json': text('{"a": 1}') }, 'd.json'),
  failure('invalid_data', 'data d.json: d.json is JSON but no dataset description: it needs "offramp_dataset": 1')));

test('a symbolic link out of the folder is not followed, one inside is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'offramp-tree-'));
  try {
    mkdirSync(join(folder, 'inside'));
    for (const [name, bytes] of Object.entries(describe({ x: 'link.npy', y: 'a_y.npy' }))) writeFileSync(join(folder, 'inside', name), bytes);
    writeFileSync(join(folder, 'outside.npy'), files['a_x.npy']);
    const read = async (): Promise<Uint8Array> => {
      const { tree, entry } = await openTree(join(folder, 'inside', 'd.json'));
      return (await readDataset(tree, entry, { name: 'd.json' })).x.data;
    };
    symlinkSync(join(folder, 'outside.npy'), join(folder, 'inside', 'link.npy'));
    await assert.rejects(read(), failure('invalid_data', 'data d.json > "x" link.npy: link.npy is a link to a place outside its folder; only files inside are opened'));
    rmSync(join(folder, 'inside', 'link.npy'));
    symlinkSync('a_x.npy', join(folder, 'inside', 'link.npy'));
    assert.deepEqual([...(await read())], [10, 11]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
