// PNG to 8-bit samples, by fast-png behind guards that keep a hostile picture from filling the memory.
import { convertIndexedToRgb, decode, hasPngSignature } from 'fast-png';
import { Unzlib } from 'fflate';
import { OfframpError, invalidData, limitExceeded } from '../errors.js';

export interface Picture {
  width: number;
  height: number;
  /** 1 or 3; transparency is dropped. */
  channels: number;
  /** Row by row, channels innermost. */
  data: Uint8Array;
}

/** Turns a picture file into samples. The host may bring one that knows more formats. */
export type PictureDecoder = (bytes: Uint8Array, path: string, largestPixels: number) => Promise<Picture>;

export const decodePng: PictureDecoder = (bytes, path, largestPixels) => {
  try {
    return Promise.resolve(decodePngNow(bytes, path, largestPixels));
  } catch (thrown) {
    return Promise.reject(OfframpError.from(thrown));
  }
};

function decodePngNow(bytes: Uint8Array, path: string, largestPixels: number): Picture {
  if (!hasPngSignature(bytes.subarray(0, 8))) {
    throw invalidData(`${path} is not a PNG; other formats need the optional package sharp (npm install sharp), or convert the pictures to PNG`);
  }
  guardSize(bytes, path, largestPixels);
  try {
    const decoded = decode(bytes);
    if (decoded.palette !== undefined) {
      const rgb = convertIndexedToRgb(decoded);
      const channels = rgb.length / (decoded.width * decoded.height);
      return dropAlpha(rgb, channels, decoded.width, decoded.height);
    }
    return dropAlpha(toBytes(decoded.data, decoded.depth), decoded.channels, decoded.width, decoded.height);
  } catch (thrown) {
    if (thrown instanceof OfframpError) throw thrown;
    throw invalidData(`${path} is a damaged PNG: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** The declared size, and what the pixel data really unpack to, before the decoder allocates anything. */
function guardSize(bytes: Uint8Array, path: string, largestPixels: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33) throw invalidData(`${path} is a damaged PNG: it ends within its head`);
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  if (width === 0 || height === 0) throw invalidData(`${path} is a damaged PNG of ${width} x ${height} pixels`);
  if (width * height > largestPixels) throw limitExceeded(`${path} has ${width} x ${height} pixels; at most ${largestPixels} are read`);
  const largest = (width * 8 + 8) * height * 2 + 1024; // 16-bit RGBA, filter bytes, interlacing
  let unpacked = 0;
  const stream = new Unzlib((piece) => {
    unpacked += piece.length;
    if (unpacked > largest) throw limitExceeded(`${path} unpacks to more pixel data than its ${width} x ${height} pixels can hold`);
  });
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (length > bytes.length - at - 12) throw invalidData(`${path} is a damaged PNG: a chunk runs past the end of the file`);
    if (type === 'acTL') throw invalidData(`${path} is an animated PNG; a still picture is needed`);
    if (type !== 'IDAT' && length > 2 ** 20) throw limitExceeded(`${path} has a ${type} chunk of ${length} bytes; at most ${2 ** 20} are read`);
    if (type === 'IDAT' && length > 0) pushPiecewise(stream, bytes.subarray(at + 8, at + 8 + length), path);
    at += 12 + length;
  }
}

function pushPiecewise(stream: Unzlib, data: Uint8Array, path: string): void {
  try {
    for (let start = 0; start < data.length; start += 65536) stream.push(data.subarray(start, start + 65536));
  } catch (thrown) {
    if (thrown instanceof OfframpError) throw thrown;
    throw invalidData(`${path} is a damaged PNG: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** 16-bit samples keep their high byte; 1 to 4 bit grey is spread over 0 to 255. */
function toBytes(data: ArrayLike<number>, depth: number): Uint8Array {
  if (depth === 8) return Uint8Array.from(data);
  if (depth === 16) return Uint8Array.from(data, (value) => value >> 8);
  throw invalidData(`a PNG of ${depth}-bit grey is not read; convert it to 8 bits`);
}

export function dropAlpha(data: Uint8Array, channels: number, width: number, height: number): Picture {
  if (data.length !== width * height * channels) throw invalidData(`${data.length} samples for ${width} x ${height} x ${channels}`);
  if (channels === 1 || channels === 3) return { width, height, channels, data };
  const kept = channels - 1;
  const out = new Uint8Array(width * height * kept);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < kept; channel += 1) out[pixel * kept + channel] = data[pixel * channels + channel] as number;
  }
  return { width, height, channels: kept, data: out };
}
