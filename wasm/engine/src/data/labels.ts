// Label and group columns of any numeric type as what the core takes.
import { invalidData } from '../errors.js';
import { toTypedArray, type RawTensor } from '../tensor.js';

/** Errors: invalid_data naming the row for a label that is no whole number from 0. */
export function toLabels(tensor: RawTensor): Int32Array {
  const values = column(tensor, 'labels');
  const labels = new Int32Array(values.length);
  for (let row = 0; row < labels.length; row += 1) {
    const value = Number(values[row]);
    if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) {
      throw invalidData(`row ${row}: label ${value} is no class number; classes are whole numbers from 0`);
    }
    labels[row] = value;
  }
  return labels;
}

/** Errors: invalid_data naming the row for a group, or a position in `order`, that is no whole number. */
export function toGroups(tensor: RawTensor, what: 'groups' | 'order' = 'groups'): Float64Array {
  const values = column(tensor, what);
  const groups = new Float64Array(values.length);
  for (let row = 0; row < groups.length; row += 1) {
    const value = Number(values[row]);
    if (!Number.isSafeInteger(value)) throw invalidData(`row ${row}: ${what === 'groups' ? 'group' : 'position'} ${value} is no whole number`);
    groups[row] = value;
  }
  return groups;
}

function column(tensor: RawTensor, what: string): ArrayLike<number | bigint> {
  const flat = tensor.dims.length === 1 || (tensor.dims.length === 2 && tensor.dims[1] === 1);
  if (!flat) {
    const remedy = what === 'labels' && tensor.dims.length === 2 ? '; turn one-hot rows into class numbers with argmax(axis=1)' : '';
    throw invalidData(`${what} have shape [${tensor.dims.join(', ')}]; one number a row is needed${remedy}`);
  }
  return toTypedArray(tensor);
}
