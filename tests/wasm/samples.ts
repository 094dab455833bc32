// Small files made by hand for reader tests.
import { MemoryFileTree, OfframpError, readDataset, type Dataset, type ReadOptions } from '@offramp/engine';

const encoder = new TextEncoder();

/** A .npy file of version 1 with any header and data. */
export function npyFile(descr: string, shape: readonly number[], data: Uint8Array, fortranOrder = false): Uint8Array {
  const shapeText = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const header = `{'descr': '${descr}', 'fortran_order': ${fortranOrder ? 'True' : 'False'}, 'shape': ${shapeText}, }`.padEnd(117) + '\n';
  const head = [0x93, ...encoder.encode('NUMPY'), 1, 0, header.length & 255, header.length >> 8, ...encoder.encode(header)];
  return Uint8Array.from([...head, ...data]);
}

export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

export function idxFile(type: number, dims: readonly number[], data: readonly number[]): Uint8Array {
  return Uint8Array.from([0, 0, type, dims.length, ...dims.flatMap((dim) => [dim >>> 24, (dim >> 16) & 255, (dim >> 8) & 255, dim & 255]), ...data]);
}

export const text = (value: string): Uint8Array => encoder.encode(value);

/** Reads from files in memory; `entry` undefined reads the folder. */
export function readFrom(files: Record<string, Uint8Array>, entry: string | undefined, options: ReadOptions = {}): Promise<Dataset> {
  return readDataset(new MemoryFileTree(Object.entries(files)), entry, { name: entry ?? 'folder', ...options });
}

/** For assert.rejects and assert.throws: the code and the whole message. */
export function failure(code: string, message: string): (thrown: unknown) => boolean {
  return (thrown) => {
    if (!(thrown instanceof OfframpError)) throw thrown;
    if (thrown.code !== code || thrown.message !== message) {
      throw new Error(`expected ${code}: ${message}\n     got ${thrown.code}: ${thrown.message}`);
    }
    return true;
  };
}

/** A .wav file: a format chunk, what `before` says, and the samples' bytes. */
export function wavFile(format: { code?: number; channels?: number; rate?: number; bits: number }, data: Uint8Array, before: readonly number[] = []): Uint8Array {
  const { code = 1, channels = 1, rate = 8000, bits } = format;
  const number = (value: number, bytes: number): number[] => Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256);
  const frame = (channels * bits) / 8;
  const chunk = (name: string, content: readonly number[]): number[] => [...encoder.encode(name), ...number(content.length, 4), ...content, ...(content.length % 2 ? [0] : [])];
  const body = [
    ...encoder.encode('WAVE'), ...before,
    ...chunk('fmt ', [...number(code, 2), ...number(channels, 2), ...number(rate, 4), ...number(rate * frame, 4), ...number(frame, 2), ...number(bits, 2)]),
    ...chunk('data', [...data]),
  ];
  return Uint8Array.from([...encoder.encode('RIFF'), ...number(body.length, 4), ...body]);
}
