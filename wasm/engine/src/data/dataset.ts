// Labelled samples as every reader returns them, the checks that hold for all, and parts of them.
import { invalidData, limitExceeded } from '../errors.js';
import type { Json } from '../json.js';
import { gatherRows, rowCount, sliceRows, toTypedArray, type RawTensor } from '../tensor.js';
import type { DataLimits } from './file_tree.js';

export interface Dataset {
  /** For messages: the file or folder it came from. */
  name: string;
  /** Raw samples [n, ...]. */
  x: RawTensor;
  y: Int32Array;
  /** Rows of equal number stay in one part of a split. */
  groups?: Float64Array;
  /** Time within a group, for rules that look at rows in order; without it rows are in order as they stand. */
  order?: Float64Array;
  /** Class names by number. */
  labels?: string[];
  /** Steps from raw samples to model inputs; undefined if the data do not say. */
  preprocess?: Json[];
}

/** Errors: invalid_data for counts that differ, no rows, labels past the names, or values that are not finite. */
export function checkedDataset(parts: Dataset, limits: DataLimits): Dataset {
  const rows = rowCount(parts.x);
  if (parts.x.dims.length < 2) throw invalidData(`samples have shape [${parts.x.dims.join(', ')}]; rows of values [n, ...] are needed`);
  if (rows !== parts.y.length) throw invalidData(`${rows} samples but ${parts.y.length} labels; there must be one label a sample`);
  if (parts.groups !== undefined && parts.groups.length !== rows) {
    throw invalidData(`${rows} samples but ${parts.groups.length} groups; there must be one group a sample`);
  }
  if (parts.order !== undefined && parts.order.length !== rows) {
    throw invalidData(`${rows} samples but ${parts.order.length} positions in order; there must be one position a sample`);
  }
  if (rows === 0) throw invalidData('no rows; at least one sample is needed');
  if (parts.x.dims.includes(0)) throw invalidData(`samples have shape [${parts.x.dims.join(', ')}]: they are empty`);
  if (rows > limits.rows) throw limitExceeded(`${rows} rows; at most ${limits.rows} are read`);
  const { labels } = parts;
  if (labels !== undefined) checkLabelRange(parts.y, labels.length, 'the data name');
  checkFinite(parts.x);
  return parts;
}

/** Errors: invalid_data naming the first row whose label is too large. `who` "have"s that many classes. */
export function checkLabelRange(y: Int32Array, classes: number, who: string): void {
  const row = y.findIndex((label) => label >= classes);
  if (row >= 0) throw invalidData(`row ${row}: label ${y[row]}, but ${who} ${classes} classes (0 to ${classes - 1})`);
}

/** Errors: invalid_data if all rows are of one class: nothing can be learnt from them. */
export function checkSeveralClasses(dataset: Dataset): void {
  const first = dataset.y[0];
  if (dataset.y.every((label) => label === first)) {
    throw invalidData(`all ${dataset.y.length} rows have label ${first}; rows of at least two classes are needed`).within(`data ${dataset.name}`);
  }
}

function checkFinite(x: RawTensor): void {
  if (x.dtype !== 'f32' && x.dtype !== 'f64') return;
  const values = toTypedArray(x) as Float32Array | Float64Array;
  const each = values.length / rowCount(x);
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] as number;
    if (value - value !== 0) {
      throw invalidData(`row ${Math.floor(index / each)}: value ${value} at position ${index % each}; samples must be finite. Drop or repair the row`);
    }
  }
}

export function takeRows(dataset: Dataset, rows: Int32Array): Dataset {
  const y = Int32Array.from(rows, (row) => dataset.y[row] as number);
  const { groups, order } = dataset;
  return {
    ...dataset, x: gatherRows(dataset.x, rows), y,
    ...(groups === undefined ? {} : { groups: Float64Array.from(rows, (row) => groups[row] as number) }),
    ...(order === undefined ? {} : { order: Float64Array.from(rows, (row) => order[row] as number) }),
  };
}

/** `most` rows drawn by `seed`, in their own order; all of them if there are no more. Data sorted by class stay mixed so. */
export function sampleRows(dataset: Dataset, most: number, seed: number): Dataset {
  return most >= dataset.y.length ? dataset : takeRows(dataset, drawRows(dataset.y.length, most, seed));
}

/** `most` of the row numbers below `total`, ascending. */
export function drawRows(total: number, most: number, seed: number): Int32Array {
  const rows = Int32Array.from({ length: total }, (_, row) => row);
  let state = (seed ^ 0x9e3779b9) >>> 0;
  const drawn = Math.min(most, total);
  for (let at = 0; at < drawn; at += 1) {
    // splitmix32: a shuffle needs no better generator, but the same one on every host
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    const other = at + Math.floor(((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32 * (total - at));
    const swapped = rows[at] as number;
    rows[at] = rows[other] as number;
    rows[other] = swapped;
  }
  return rows.slice(0, drawn).sort();
}

/** Rows [begin, end) without a copy. */
export function sliceDataset(dataset: Dataset, begin: number, end: number): Dataset {
  return {
    ...dataset, x: sliceRows(dataset.x, begin, end), y: dataset.y.subarray(begin, end),
    ...(dataset.groups === undefined ? {} : { groups: dataset.groups.subarray(begin, end) }),
    ...(dataset.order === undefined ? {} : { order: dataset.order.subarray(begin, end) }),
  };
}
