// MNIST's IDX files, raw or gzipped, and the pairing of an images file with its labels.
import { invalidData, limitExceeded } from '../errors.js';
import { elementBytes, elementCount, type DataType, type RawTensor } from '../tensor.js';
import { baseName, folderOf } from './file_tree.js';
import { gunzipCapped, isGzip } from './gzip.js';

const types: Record<number, DataType> = { 0x08: 'u8', 0x09: 'i8', 0x0b: 'i16', 0x0c: 'i32', 0x0d: 'f32', 0x0e: 'f64' };
const imagesName = /^(.*)images([-.]idx\d+[-.]ubyte(\.gz)?)$/;

export function isIdx(path: string): boolean {
  return /[-.]idx\d+[-.]ubyte(\.gz)?$/.test(baseName(path));
}

export function isIdxImages(path: string): boolean {
  return imagesName.test(baseName(path));
}

/** train-images-idx3-ubyte.gz -> the labels file beside it, packed or not. Errors: invalid_data naming what was looked for. */
export function labelsBeside(images: string, files: readonly string[]): string {
  const match = imagesName.exec(baseName(images));
  const folder = folderOf(images);
  const stem = `${folder === '' ? '' : `${folder}/`}${match?.[1] ?? ''}labels`;
  const wanted = [`${stem}-idx1-ubyte`, `${stem}-idx1-ubyte.gz`, `${stem}.idx1-ubyte`, `${stem}.idx1-ubyte.gz`];
  const found = wanted.find((path) => files.includes(path));
  if (found === undefined) throw invalidData(`no labels beside ${images}: looked for ${baseName(wanted[0] as string)} and the same with .gz`);
  return found;
}

/** Errors: invalid_data for a bad head or size, limit_exceeded past `largest` bytes. */
export function readIdx(packed: Uint8Array, largest: number): RawTensor {
  const bytes = isGzip(packed) ? gunzipCapped(packed, largest) : packed;
  const dtype = types[bytes[2] ?? 0];
  const rank = bytes[3] ?? 0;
  if (bytes[0] !== 0 || bytes[1] !== 0 || dtype === undefined || rank < 1 || rank > 8 || bytes.length < 4 + 4 * rank) {
    throw invalidData('not an IDX file: it must begin with 0, 0, a type and a number of dimensions from 1 to 8');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const dims = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = elementBytes[dtype];
  const wanted = elementCount(dims) * size;
  const available = bytes.length - 4 - 4 * rank;
  if (!Number.isSafeInteger(wanted)) throw limitExceeded(`IDX dimensions ${dims.join(' x ')} are too large`);
  if (available !== wanted) {
    throw invalidData(`IDX dimensions ${dims.join(' x ')} need ${wanted} bytes, the file holds ${available}`);
  }
  const data = bytes.subarray(4 + 4 * rank);
  return { dtype, dims, data: size === 1 ? data : littleEndian(data, size) };
}

function littleEndian(data: Uint8Array, size: number): Uint8Array {
  const out = data.slice();
  for (let start = 0; start < out.length; start += size) out.subarray(start, start + size).reverse();
  return out;
}
