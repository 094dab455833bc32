// A dataset description (DESIGN section 8): JSON that names .npy or IDX files beside it, their rows and their preprocessing.
import { invalidData, limitExceeded, withinAsync } from '../errors.js';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../json.js';
import { elementCount, rowCount, type RawTensor } from '../tensor.js';
import type { Dataset } from './dataset.js';
import { folderOf, readCapped, resolveInside, type DataLimits, type FileTree } from './file_tree.js';
import { isIdx, readIdx } from './idx.js';
import { toGroups, toLabels } from './labels.js';
import { readNpy } from './npy.js';

const knownKeys = ['offramp_dataset', 'x', 'y', 'rows', 'groups', 'order', 'labels', 'note', 'preprocess'];
const largestDescription = 2 ** 20;
const largestLabel = 200;

export function isDescription(value: Json): value is JsonObject {
  return isJsonObject(value) && 'offramp_dataset' in value;
}

/** Errors: invalid_data naming the key or the file. */
export async function readDescription(tree: FileTree, path: string, limits: DataLimits): Promise<Dataset> {
  const bytes = await readCapped(tree, path, largestDescription);
  const json = parseJson(new TextDecoder().decode(bytes), path, 'invalid_data');
  if (!isDescription(json)) throw invalidData(`${path} is JSON but no dataset description: it needs "offramp_dataset": 1`);
  if (json['offramp_dataset'] !== 1) throw invalidData(`"offramp_dataset" is ${JSON.stringify(json['offramp_dataset'])}; version 1 is read`);
  const unknown = Object.keys(json).find((key) => !knownKeys.includes(key));
  if (unknown !== undefined) throw invalidData(`unknown key ${JSON.stringify(unknown.slice(0, 60))}; known are ${knownKeys.join(', ')}`);
  const folder = folderOf(path);
  const budget = { left: limits.totalBytes };
  const load = (key: string): Promise<RawTensor> => readList(tree, folder, key, json[key], limits, budget);
  const x = await load('x');
  const y = toLabels(await load('y'));
  const groups = json['groups'] === undefined ? undefined : toGroups(await load('groups'));
  const order = json['order'] === undefined ? undefined : toGroups(await load('order'), 'order');
  const labels = readLabelNames(json['labels']);
  const preprocess = readSteps(json['preprocess'] ?? []);
  const all = { name: path, x, y, preprocess, ...(groups ? { groups } : {}), ...(order ? { order } : {}), ...(labels ? { labels } : {}) };
  return json['rows'] === undefined ? all : cutRows(all, json['rows']);
}

async function readList(
  tree: FileTree, folder: string, key: string, value: Json | undefined, limits: DataLimits, budget: { left: number },
): Promise<RawTensor> {
  const names = Array.isArray(value) ? value : [value];
  if (names.length === 0 || !names.every((name): name is string => typeof name === 'string')) {
    throw invalidData(`"${key}" must be the name of a .npy or IDX file or a list of such names`);
  }
  if (names.length > 1000) throw limitExceeded(`"${key}" lists ${names.length} files; at most 1000 are read`);
  const arrays: RawTensor[] = [];
  for (const name of names) {
    arrays.push(await withinAsync(`"${key}" ${name.slice(0, 200)}`, async () => {
      const inside = resolveInside(folder, name);
      if (!inside.endsWith('.npy') && !isIdx(inside)) throw invalidData('only .npy and IDX files are named here');
      const bytes = await readCapped(tree, inside, Math.min(limits.fileBytes, budget.left));
      const array = isIdx(inside) ? readIdx(bytes, budget.left) : readNpy(bytes);
      budget.left -= array.data.length;
      return array;
    }));
  }
  return concatenate(arrays, names, key);
}

function concatenate(arrays: readonly RawTensor[], names: readonly string[], key: string): RawTensor {
  const [first] = arrays as [RawTensor, ...RawTensor[]];
  if (arrays.length === 1) return first;
  const inner = first.dims.slice(1);
  arrays.forEach((array, index) => {
    if (array.dtype !== first.dtype || array.dims.length !== first.dims.length || elementCount(array.dims.slice(1)) !== elementCount(inner)
      || array.dims.slice(1).some((dim, axis) => dim !== inner[axis])) {
      throw invalidData(`"${key}": ${names[index]} is ${array.dtype} [${array.dims.join(', ')}], ${names[0]} is ${first.dtype} [${first.dims.join(', ')}]; all but the number of rows must be equal`);
    }
  });
  const data = new Uint8Array(arrays.reduce((sum, array) => sum + array.data.length, 0));
  let at = 0;
  for (const array of arrays) {
    data.set(array.data, at);
    at += array.data.length;
  }
  return { dtype: first.dtype, dims: [arrays.reduce((sum, array) => sum + rowCount(array), 0), ...inner], data };
}

function readLabelNames(value: Json | undefined): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((name): name is string => typeof name === 'string' && name.length <= largestLabel)) {
    throw invalidData(`"labels" must be a list of names of at most ${largestLabel} characters`);
  }
  if (value.length < 2 || value.length > 100_000) throw invalidData(`"labels" has ${value.length} names; 2 to 100000 are allowed`);
  const twice = value.find((name, index) => value.indexOf(name) !== index);
  if (twice !== undefined && value.length <= 10_000) throw invalidData(`"labels" holds ${JSON.stringify(twice)} twice`);
  return value;
}

/** The shape of a list of steps; what each step means is the core's to check. */
export function readSteps(value: Json): Json[] {
  if (!Array.isArray(value) || !value.every((step) => isJsonObject(step) && typeof step['op'] === 'string')) {
    throw invalidData('preprocessing must be a list of steps like {"op": "scale", "by": 0.004}');
  }
  if (value.length > 64) throw limitExceeded(`${value.length} preprocessing steps; at most 64 are read`);
  return value;
}

function cutRows(all: Dataset, range: Json): Dataset {
  const rows = rowCount(all.x);
  if (rows !== all.y.length) throw invalidData(`${rows} samples but ${all.y.length} labels; there must be one label a sample`);
  if (!Array.isArray(range) || range.length !== 2 || !range.every((edge): edge is number => Number.isSafeInteger(edge))) {
    throw invalidData('"rows" must be two whole numbers [first, one past the last]');
  }
  const [begin, end] = range as [number, number];
  if (begin < 0 || begin >= end || end > rows) {
    throw invalidData(`"rows" is [${begin}, ${end}], but there are ${rows} rows: 0 <= first < end <= ${rows} is needed`);
  }
  if (all.groups !== undefined && all.groups.length !== rows) throw invalidData(`${rows} samples but ${all.groups.length} groups; there must be one group a sample`);
  if (all.order !== undefined && all.order.length !== rows) throw invalidData(`${rows} samples but ${all.order.length} positions in order; there must be one position a sample`);
  const each = all.x.data.length / rows;
  return {
    ...all,
    x: { ...all.x, dims: [end - begin, ...all.x.dims.slice(1)], data: all.x.data.subarray(begin * each, end * each) },
    y: all.y.subarray(begin, end),
    ...(all.groups ? { groups: all.groups.subarray(begin, end) } : {}),
    ...(all.order ? { order: all.order.subarray(begin, end) } : {}),
  };
}
