// Sound files: RIFF WAVE with integer or float samples (Microsoft, "Multiple Channel Audio Data and WAVE Files").
import { invalidData } from '../errors.js';

export interface Sound {
  /** A second. */
  rate: number;
  /** In [-1, 1]; several channels are averaged. */
  samples: Float32Array;
}

interface Format {
  kind: 'integer' | 'float';
  bits: number;
  channels: number;
  rate: number;
}

const kinds = new Map<number, Format['kind']>([[1, 'integer'], [3, 'float']]);
const extensible = 0xfffe;
const bitsOf = { integer: [8, 16, 24, 32], float: [32, 64] } as const;
const mostChannels = 64;

/** Errors: invalid_data naming what the bytes lack. */
export function readWav(bytes: Uint8Array): Sound {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(bytes, 0) !== 'RIFF' || tag(bytes, 8) !== 'WAVE') throw invalidData('not a .wav file: it does not begin as RIFF WAVE does');
  let format: Format | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const name = tag(bytes, at);
    const size = view.getUint32(at + 4, true);
    const begin = at + 8;
    if (begin + size > bytes.length) throw invalidData(`cut short: "${name}" should have ${size} bytes, ${bytes.length - begin} are there`);
    if (name === 'fmt ') format = readFormat(view, begin, size);
    if (name === 'data') {
      if (format === undefined) throw invalidData('samples stand before their format');
      return { rate: format.rate, samples: readSamples(view, begin, size, format) };
    }
    at = begin + size + (size % 2);
  }
  throw invalidData('it holds no samples');
}

function readFormat(view: DataView, at: number, size: number): Format {
  if (size < 16) throw invalidData(`the format should have at least 16 bytes, got ${size}`);
  let code = view.getUint16(at, true);
  if (code === extensible && size >= 26) code = view.getUint16(at + 24, true);
  const kind = kinds.get(code);
  if (kind === undefined) throw invalidData(`samples of format ${code} are compressed; only integers (1) and floats (3) are read: convert it, for instance with ffmpeg`);
  const [channels, rate, bits] = [view.getUint16(at + 2, true), view.getUint32(at + 4, true), view.getUint16(at + 14, true)];
  if (!(bitsOf[kind] as readonly number[]).includes(bits)) throw invalidData(`${kind} samples of ${bits} bits; ${bitsOf[kind].join(', ')} are read`);
  if (channels < 1 || channels > mostChannels) throw invalidData(`${channels} channels; 1 to ${mostChannels} are read`);
  if (rate < 1) throw invalidData('a rate of 0 samples a second');
  return { kind, bits, channels, rate };
}

function readSamples(view: DataView, begin: number, size: number, { kind, bits, channels }: Format): Float32Array {
  const width = bits / 8;
  const frame = width * channels;
  if (size === 0) throw invalidData('it holds no samples');
  if (size % frame !== 0) throw invalidData(`${size} bytes of samples are no whole number of ${frame}-byte steps`);
  const read = reader(view, kind, bits);
  const samples = new Float32Array(size / frame);
  for (let index = 0; index < samples.length; index += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += read(begin + index * frame + channel * width);
    samples[index] = sum / channels;
  }
  return samples;
}

function reader(view: DataView, kind: Format['kind'], bits: number): (at: number) => number {
  if (kind === 'float') return bits === 32 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  switch (bits) {
    case 8: return (at) => (view.getUint8(at) - 128) / 128; // the only one without a sign
    case 16: return (at) => view.getInt16(at, true) / 2 ** 15;
    case 24: return (at) => (view.getUint16(at, true) + view.getInt8(at + 2) * 2 ** 16) / 2 ** 23;
    default: return (at) => view.getInt32(at, true) / 2 ** 31;
  }
}

function tag(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4)).replace(/[^ -~]/g, '?');
}
