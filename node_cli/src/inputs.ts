// What commands read: models, packages, datasets, preprocessing and single samples, by path.
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import {
  OfframpError, dataLimits, decodePng, invalidData, isPackageEntry, limitExceeded, looksLikeZip, packageLimits, parseJson, readDataset,
  readNpy, readSteps, sampleRows, sliceRows, toRawTensor, unzipPackage, within, withinAsync,
  type Dataset, type ErrorCode, type Json, type PackageFile, type RawTensor,
} from '@offramp/engine';
import { openTree, reasonOf } from '@offramp/engine/node';
import { decodePicture } from './pictures.js';

const largestModel = 2 ** 30;
const largestSample = 2 ** 28;

async function readWhole(path: string, largest: number, code: ErrorCode): Promise<Uint8Array> {
  try {
    const status = await stat(path);
    if (!status.isFile()) throw new OfframpError(code, `it is ${status.isDirectory() ? 'a folder' : 'a device or pipe'}, a file is needed`);
    if (status.size > largest) throw limitExceeded(`it has ${status.size} bytes; at most ${largest} are read`);
    return await readFile(path);
  } catch (thrown) {
    const error = thrown instanceof OfframpError ? thrown : new OfframpError(code, reasonOf(thrown));
    throw error.within(path);
  }
}

export async function readModel(path: string): Promise<Uint8Array> {
  const bytes = await readWhole(path, largestModel, 'invalid_model');
  if (looksLikeZip(bytes)) throw new OfframpError('invalid_model', 'a package where an ONNX model is needed').within(path);
  return bytes;
}

/** A package's files from the zip or from the folder it was unpacked to. Errors: invalid_package naming the path. */
export async function readPackage(path: string): Promise<PackageFile[]> {
  if (await isFolder(path)) return readPackageFolder(path);
  const bytes = await readWhole(path, packageLimits.archiveBytes, 'invalid_package');
  return within(path, () => {
    if (!looksLikeZip(bytes)) throw new OfframpError('invalid_package', 'no package: neither a zip nor a folder with a manifest.json');
    return unzipPackage(bytes);
  });
}

async function readPackageFolder(path: string): Promise<PackageFile[]> {
  const { tree } = await openTree(path);
  return withinAsync(path, async () => {
    const names = (await tree.list()).filter(isPackageEntry);
    if (!names.includes('manifest.json')) throw new OfframpError('invalid_package', 'the folder holds no manifest.json');
    if (names.length > packageLimits.entries) throw limitExceeded(`more than ${packageLimits.entries} files`);
    let left = packageLimits.totalBytes;
    const files: PackageFile[] = [];
    for (const name of names) {
      left -= (await tree.size(name)) ?? 0;
      if (left < 0) throw limitExceeded(`more than ${packageLimits.totalBytes} bytes`);
      files.push({ name, bytes: await tree.read(name) });
    }
    return files;
  });
}

export async function readModelOrPackage(path: string): Promise<{ model: Uint8Array } | { package: PackageFile[] }> {
  if (await isFolder(path)) return { package: await readPackage(path) };
  const bytes = await readWhole(path, largestModel, 'invalid_model');
  return looksLikeZip(bytes) ? { package: within(path, () => unzipPackage(bytes)) } : { model: bytes };
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false; // whoever reads it says why
  }
}

/** `classOrder`: names of classes by number, for folders of class folders. `most`: only so many rows, drawn at random but the same ones every time. */
export async function readData(path: string, classOrder: readonly string[] | undefined, most: number | undefined): Promise<Dataset> {
  const { tree, entry } = await openTree(path);
  const dataset = await readDataset(tree, entry, { name: path, decodePicture, ...(classOrder ? { classOrder } : {}) });
  return most === undefined ? dataset : sampleRows(dataset, most, 0);
}

/** The steps in `text`: a JSON list itself, or the path of a file with one or with a dataset description. */
export async function readPreprocess(text: string | undefined): Promise<Json[] | undefined> {
  if (text === undefined) return undefined;
  return withinAsync('--preprocess', async () => {
    const inline = text.trimStart().startsWith('[');
    const source = inline ? text : new TextDecoder().decode(await readWhole(text, 2 ** 20, 'invalid_data'));
    const json = parseJson(source, inline ? 'the value' : text, inline ? 'invalid_argument' : 'invalid_data');
    const steps = typeof json === 'object' && json !== null && !Array.isArray(json) ? json['preprocess'] ?? null : json;
    return readSteps(steps);
  });
}

/** A targets.json, or else the name of a preset, which the core knows. Errors: invalid_argument naming the file. */
export async function readTargets(text: string | undefined): Promise<Json | undefined> {
  if (text === undefined) return undefined;
  const named = /^[a-z0-9-]+$/i.test(text);
  if (named && !(await isFile(text))) return text;
  return parseJson(new TextDecoder().decode(await readWhole(text, 2 ** 20, 'invalid_argument')), text, 'invalid_argument');
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** One raw sample [...], from .npy, a picture or nested lists in .json; `row` takes one of many. */
export async function readSample(path: string, row: number | undefined): Promise<RawTensor> {
  const bytes = await readWhole(path, largestSample, 'invalid_data');
  return withinAsync(path, async () => {
    const tensor = await decodeSample(path, bytes);
    if (row === undefined) return tensor;
    const rows = tensor.dims.length > 1 ? tensor.dims[0] as number : 1;
    if (row >= rows) throw invalidData(`row ${row} is asked for, but there are ${rows}`);
    return sliceRows(tensor, row, row + 1);
  });
}

async function decodeSample(path: string, bytes: Uint8Array): Promise<RawTensor> {
  const lower = path.toLowerCase();
  if (lower.endsWith('.npy')) return readNpy(bytes);
  if (lower.endsWith('.json')) return fromNestedLists(parseJson(new TextDecoder().decode(bytes), basename(path), 'invalid_data'));
  if (/\.(png|jpe?g|bmp|webp|gif|tiff?|ppm)$/.test(lower)) {
    const decode = lower.endsWith('.png') ? decodePng : decodePicture;
    const { width, height, channels, data } = await decode(bytes, basename(path), dataLimits.imagePixels);
    return { dtype: 'u8', dims: channels === 1 ? [height, width] : [height, width, channels], data };
  }
  throw invalidData('unknown kind of sample; known are .npy, .json and pictures');
}

/** Errors: invalid_data for lists of unequal length or values that are no finite numbers. */
export function fromNestedLists(json: Json): RawTensor {
  const dims: number[] = [];
  for (let level: Json | undefined = json; Array.isArray(level); level = level[0]) {
    dims.push(level.length);
    if (dims.length > 8) throw invalidData('lists nested more than 8 deep');
  }
  if (dims.length === 0 || dims.includes(0)) throw invalidData('nested lists of numbers are needed');
  const values: number[] = [];
  const collect = (level: Json, depth: number): void => {
    if (depth === dims.length) {
      if (typeof level !== 'number' || !Number.isFinite(Math.fround(level))) throw invalidData(`${JSON.stringify(level).slice(0, 40)} is no finite number`);
      values.push(level);
    } else if (!Array.isArray(level) || level.length !== dims[depth]) {
      throw invalidData(`lists of unequal length: the first at depth ${depth} has ${dims[depth]} entries, another differs`);
    } else {
      for (const inner of level) collect(inner, depth + 1);
    }
  };
  collect(json, 0);
  return toRawTensor(Float32Array.from(values), dims);
}
