// .npy: every numeric type and order against NumPy itself, and the refusals.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readNpy, toTypedArray } from '@offramp/engine';
import { bytesOf, failure, npyFile } from './samples.js';

test('values, dimensions and type of a C-ordered array', () => {
  const tensor = readNpy(npyFile('<i2', [2, 3], bytesOf(Int16Array.of(1, -2, 3, 4, 5, -6))));
  assert.equal(tensor.dtype, 'i16');
  assert.deepEqual(tensor.dims, [2, 3]);
  assert.deepEqual([...toTypedArray(tensor)], [1, -2, 3, 4, 5, -6]);
});

test('Fortran order is turned into C order', () => {
  // numpy.asfortranarray([[1, 2, 3], [4, 5, 6]]) is stored by columns
  const tensor = readNpy(npyFile('|u1', [2, 3], Uint8Array.of(1, 4, 2, 5, 3, 6), true));
  assert.deepEqual([...tensor.data], [1, 2, 3, 4, 5, 6]);
});

test('big-endian and half precision are converted', () => {
  assert.deepEqual([...toTypedArray(readNpy(npyFile('>i4', [2], Uint8Array.of(0, 0, 1, 0, 255, 255, 255, 254))))], [256, -2]);
  const halves = bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00));
  assert.deepEqual([...toTypedArray(readNpy(npyFile('<f2', [5], halves)))], [1, -2, 2 ** -24, 65504, Infinity]);
});

const refusals: [string, Uint8Array, string, string][] = [
  ['no magic', Uint8Array.of(1, 2, 3), 'invalid_data', 'not a .npy file: the first bytes are not \\x93NUMPY'],
  ['objects', npyFile('|O', [1], new Uint8Array(8)), 'invalid_data', 'array type "|O" is not read: Python objects are never unpickled; save a plain numeric array'],
  ['text', npyFile('<U4', [1], new Uint8Array(16)), 'invalid_data', 'array type "<U4" is not read: save numbers instead of text'],
  ['complex', npyFile('<c8', [1], new Uint8Array(8)), 'invalid_data', 'array type "<c8" is not read: integers, floats of 16 to 64 bits and bool are read'],
  ['cut short', npyFile('<f4', [3], new Uint8Array(8)), 'invalid_data', 'shape (3) of 4-byte values needs 12 bytes, the file holds 8; it is cut short or not an array'],
  ['huge shape', npyFile('|u1', [2 ** 40, 2 ** 40], new Uint8Array(8)), 'limit_exceeded', `shape (${2 ** 40}, ${2 ** 40}) is too large`],
  ['u8 past i64', npyFile('<u8', [1], new Uint8Array(8).fill(255)), 'invalid_data', 'value 18446744073709551615 at position 0 does not fit 64 signed bits'],
  ['version', Uint8Array.from([...npyFile('|u1', [1], Uint8Array.of(1)).map((byte, index) => (index === 6 ? 9 : byte))]), 'invalid_data', '.npy version 9; versions 1, 2 and 3 are read'],
];
for (const [name, bytes, code, message] of refusals) {
  test(`refused: ${name}`, () => assert.throws(() => readNpy(bytes), failure(code, message)));
}

test('every truncation of a file is refused, none crashes', () => {
  const whole = npyFile('<f4', [2, 2], bytesOf(Float32Array.of(1, 2, 3, 4)));
  for (let length = 0; length < whole.length; length += 1) {
    assert.throws(() => readNpy(whole.subarray(0, length)), { name: 'OfframpError' });
  }
});

const python = '/usr/bin/python3';
const writer = `
import json, sys
import numpy as np
folder = sys.argv[1]
rng = np.random.RandomState(7)
cases = []
for name in ['<f2', '<f4', '>f4', '<f8', '>f8', '<i8', '>i8', '<i4', '>i4', '<i2', '>i2', '|i1', '<u2', '>u2', '|u1', '<u4', '>u4', '<u8', '|b1']:
    for order in 'CF':
        for shape in [(5,), (3, 4), (2, 3, 4), (2, 1, 3, 2)]:
            values = rng.randint(0, 100, size=shape).astype(name)
            file = 'case%d.npy' % len(cases)
            np.lib.format.write_array(open(folder + '/' + file, 'wb'), np.asarray(values, order=order), version=[(1, 0), (2, 0), (3, 0)][len(cases) % 3])
            cases.append({'file': file, 'shape': list(shape), 'values': np.ravel(values, order='C').astype('f8').tolist()})
print(json.dumps(cases))
`;
const numpyIsThere = spawnSync(python, ['-c', 'import numpy']).status === 0;

test('every type, order and version as NumPy writes it', { skip: numpyIsThere ? false : 'NumPy is not installed' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'offramp-npy-'));
  try {
    const made = spawnSync(python, ['-c', writer, folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
    assert.equal(made.status, 0, made.stderr);
    const cases = JSON.parse(made.stdout) as { file: string; shape: number[]; values: number[] }[];
    assert.equal(cases.length, 19 * 2 * 4);
    for (const { file, shape, values } of cases) {
      const tensor = readNpy(readFileSync(join(folder, file)));
      assert.deepEqual(tensor.dims, shape, file);
      assert.deepEqual(Array.from(toTypedArray(tensor), Number), values, file);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
