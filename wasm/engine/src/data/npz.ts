// NumPy's .npz: a zip with arrays x, y and perhaps groups.
import { invalidData, within } from '../errors.js';
import { unzipGuarded } from '../package_zip.js';
import type { RawTensor } from '../tensor.js';
import type { DataLimits } from './file_tree.js';
import { readNpy } from './npy.js';

export interface NpzArrays {
  x: RawTensor;
  y: RawTensor;
  groups?: RawTensor;
}

/** Errors: invalid_data naming the array; limit_exceeded for what unpacks too large. */
export function readNpz(bytes: Uint8Array, limits: DataLimits): NpzArrays {
  // Arrays of few values deflate a thousandfold, so here only the total is a limit.
  const caps = { archiveBytes: limits.fileBytes, totalBytes: limits.totalBytes, entries: 64, ratio: 1100 };
  const names = new Set<string>();
  const wanted = new Set(['x.npy', 'y.npy', 'groups.npy']);
  const files = unzipGuarded(bytes, caps, (name) => names.add(name), 'invalid_data').filter((file) => wanted.has(file.name));
  const array = (name: string): RawTensor | undefined => {
    const file = files.find((candidate) => candidate.name === `${name}.npy`);
    return file && within(`array ${name}`, () => readNpy(file.bytes));
  };
  const x = array('x');
  const y = array('y');
  const groups = array('groups');
  if (x === undefined || y === undefined) {
    const seen = [...names].map((name) => name.replace(/\.npy$/, '')).slice(0, 8).join(', ') || 'none';
    throw invalidData(`a .npz needs the arrays x and y (and may have groups); this one has ${seen}. Write it with numpy.savez(file, x=..., y=...)`);
  }
  return groups === undefined ? { x, y } : { x, y, groups };
}
