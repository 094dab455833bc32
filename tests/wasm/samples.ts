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
