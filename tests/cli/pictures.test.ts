// Formats that only sharp knows, where it is installed.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encode } from 'fast-png';
import { OfframpError } from '@offramp/engine';
import { readData } from 'offramp/inputs';
import { decodePicture } from 'offramp/pictures';
import { temporaryFolder } from './command.js';

interface Sharp {
  (bytes: Uint8Array): { jpeg(options: object): { toBuffer(): Promise<Buffer> }; webp(options: object): { toBuffer(): Promise<Buffer> } };
}
const optional = 'sharp';
const sharp = await import(optional).then((module: { default: Sharp }) => module.default, () => undefined);
const skip = sharp === undefined ? 'the optional package sharp is not installed' : false;

const pixels = Uint8Array.from({ length: 8 * 8 * 3 }, (_, index) => (index % 3) * 100 + 20);
const png = encode({ width: 8, height: 8, channels: 3, depth: 8, data: pixels });

test('a lossless format gives the very values of the PNG', { skip }, async () => {
  const webp = await sharp?.(png).webp({ lossless: true }).toBuffer();
  assert.ok(webp);
  assert.deepEqual(await decodePicture(webp, 'a.webp', 100), { width: 8, height: 8, channels: 3, data: pixels });
});

test('class folders with JPEGs', { skip }, async () => {
  const folder = temporaryFolder();
  const jpeg = await sharp?.(png).jpeg({ quality: 100 }).toBuffer();
  assert.ok(jpeg);
  for (const [name, bytes] of [['b/1.jpg', jpeg], ['a/1.png', png]] as const) {
    mkdirSync(join(folder, name.slice(0, 1)));
    writeFileSync(join(folder, name), bytes);
  }
  const data = await readData(folder, undefined, undefined);
  assert.deepEqual(data.x.dims, [2, 8, 8, 3]);
  assert.deepEqual(data.labels, ['a', 'b']);
  assert.ok(data.x.data.every((value, index) => Math.abs(value - (pixels[index % pixels.length] as number)) <= 8));
});

test('damage and size', { skip }, async () => {
  const jpeg = await sharp?.(png).jpeg({}).toBuffer();
  assert.ok(jpeg);
  await assert.rejects(decodePicture(jpeg.subarray(0, 100), 'a.jpg', 100), (error: OfframpError) => error.code === 'invalid_data' && error.message.startsWith('a.jpg cannot be decoded: '));
  await assert.rejects(decodePicture(jpeg, 'a.jpg', 63), { code: 'limit_exceeded', message: 'a.jpg has 8 x 8 pixels; at most 63 are read' });
});
