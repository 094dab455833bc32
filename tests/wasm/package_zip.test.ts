// Packages as zips: same files, same bytes; hostile archives are refused before they are unpacked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { packageLimits, unzipPackage, zipPackage, zipPieces } from '@offramp/engine';
import { failure, text } from './samples.js';

const files = [{ name: 'manifest.json', bytes: text('{}') }, { name: 'stages/0.onnx', bytes: text('zero') }, { name: 'stages/1.onnx', bytes: new Uint8Array(5000) }];
const allowed = 'is not allowed in a package: only manifest.json and stages/0.onnx, stages/1.onnx, ...';

test('round trip, and the bytes depend on the files alone', () => {
  const zip = zipPackage(files);
  assert.deepEqual(unzipPackage(zip).map(({ name, bytes }) => ({ name, bytes: [...bytes] })), files.map(({ name, bytes }) => ({ name, bytes: [...bytes] })));
  assert.deepEqual(zipPackage(files), zip);
  assert.equal(new DataView(zip.buffer, zip.byteOffset).getUint32(10, true), 0x00210000); // 1980-01-01 00:00
});

test('in pieces: the same bytes, and the files are let go of if that is asked for', () => {
  const random = Uint8Array.from({ length: 300_000 }, (_, at) => (Math.imul(at, 2654435761) >>> 13) & 255);
  const some = [{ name: 'manifest.json', bytes: text('{}') }, { name: 'stages/0.onnx', bytes: random }];
  const whole = zipPackage(some);
  const pieces = zipPieces(some, { consume: true });
  assert.ok(pieces.length > 3);
  assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), whole);
  assert.deepEqual(some.map(({ bytes }) => bytes.length), [0, 0]);
  assert.deepEqual(unzipPackage(whole)[1]?.bytes, random);
});

for (const name of ['../manifest.json', '/manifest.json', 'stages/../x.onnx', 'stages/01.onnx', 'stages/a.onnx', 'stages/0.onnx\0', 'x.txt', 'Manifest.json', 'stages\\0.onnx']) {
  test(`name ${JSON.stringify(name)} is refused`, () => {
    const zip = zipSync({ 'manifest.json': text('{}'), [name]: text('x') });
    assert.throws(() => unzipPackage(zip), failure('invalid_package', `an entry named ${JSON.stringify(name)} ${allowed}`));
    assert.throws(() => zipPackage([{ name, bytes: text('x') }]), failure('invalid_package', `the file name "${name}" ${allowed}`));
  });
}

test('caps: total, ratio, entries, archive', () => {
  const big = zipSync({ 'manifest.json': text('{}'), 'stages/0.onnx': new Uint8Array(2_000_000) }, { level: 9 });
  assert.throws(() => unzipPackage(big, { ...packageLimits, totalBytes: 1000 }), failure('limit_exceeded', 'the zip unpacks to more than 1000 bytes'));
  assert.throws(() => unzipPackage(big), /^OfframpError: entry stages\/0\.onnx unpacks to 2000000 bytes from \d+, more than 100 to 1$/);
  assert.throws(() => unzipPackage(zipPackage(files), { ...packageLimits, entries: 2 }), failure('limit_exceeded', 'more than 2 entries in the zip'));
  assert.throws(() => unzipPackage(big, { ...packageLimits, archiveBytes: 10 }), failure('limit_exceeded', `a zip of ${big.length} bytes; at most 10 are read`));
});

test('no zip, no manifest, damage', () => {
  assert.throws(() => unzipPackage(text('hello')), failure('invalid_package', 'not a zip file'));
  assert.throws(() => unzipPackage(zipSync({ 'stages/0.onnx': text('x') })), failure('invalid_package', 'the zip holds no manifest.json; was it written by `offramp augment`?'));
  const zip = zipPackage(files);
  for (let length = 0; length < zip.length; length += 7) {
    assert.throws(() => unzipPackage(zip.subarray(0, length)), { name: 'OfframpError' });
  }
});

test('every single flipped byte is refused or gives only allowed names', () => {
  const zip = zipPackage(files);
  for (let at = 0; at < zip.length; at += 1) {
    const damaged = zip.slice();
    damaged[at] = (damaged[at] as number) ^ 0xff;
    try {
      for (const { name } of unzipPackage(damaged)) assert.match(name, /^(manifest\.json|stages\/\d+\.onnx)$/);
    } catch (thrown) {
      assert.equal((thrown as Error).name, 'OfframpError', String(thrown));
    }
  }
});
