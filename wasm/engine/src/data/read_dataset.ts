// From a path in a file tree to a dataset, whichever of the known forms it has.
import { invalidData, withinAsync } from '../errors.js';
import { parseJson } from '../json.js';
import { findClassFiles } from './class_folders.js';
import { readCsv } from './csv.js';
import { checkedDataset, type Dataset } from './dataset.js';
import { isDescription, readDescription } from './description.js';
import { baseName, dataLimits, readCapped, type DataLimits, type FileTree } from './file_tree.js';
import { isIdxImages, labelsBeside, readIdx } from './idx.js';
import { pictureName, readImageFolder } from './image_folder.js';
import { toGroups, toLabels } from './labels.js';
import { readNpz } from './npz.js';
import { decodePng, type PictureDecoder } from './png.js';
import { readSoundFolder, soundName } from './sound_folder.js';

export interface ReadOptions {
  /** For messages; else the entry's own name. */
  name?: string;
  limits?: DataLimits;
  decodePicture?: PictureDecoder;
  /** Class names in the model's order, so that class folders are numbered as the model knows them. */
  classOrder?: readonly string[];
}

const forms = 'a dataset description (.json), .npz, an IDX pair, .csv, or a folder of class folders with pictures or .wav sounds';

/** `entry` is a file of the tree; without one the tree itself is the dataset. Errors: invalid_data, limit_exceeded. */
export async function readDataset(tree: FileTree, entry: string | undefined, options: ReadOptions = {}): Promise<Dataset> {
  const limits = options.limits ?? dataLimits;
  const name = options.name ?? (entry === undefined ? 'the folder' : baseName(entry));
  return withinAsync(`data ${name}`, async () => {
    const parts = entry === undefined ? await readFolder(tree, name, limits, options) : await readEntry(tree, entry, limits);
    return checkedDataset({ ...parts, name }, limits);
  });
}

async function readEntry(tree: FileTree, entry: string, limits: DataLimits): Promise<Dataset> {
  const lower = entry.toLowerCase();
  if (lower.endsWith('.json')) return readDescription(tree, entry, limits);
  if (lower.endsWith('.npz')) {
    const { x, y, groups } = readNpz(await readCapped(tree, entry, limits.fileBytes), limits);
    return { name: entry, x, y: toLabels(y), ...(groups ? { groups: toGroups(groups) } : {}) };
  }
  if (lower.endsWith('.csv')) {
    return readCsv(new TextDecoder().decode(await readCapped(tree, entry, Math.min(limits.fileBytes, 2 ** 28))), entry, limits);
  }
  if (isIdxImages(entry)) return readIdxPair(tree, entry, limits);
  if (lower.endsWith('.npy')) throw invalidData(`a .npy file holds samples without labels; name both in a description: {"offramp_dataset": 1, "x": "${baseName(entry)}", "y": "labels.npy"}`);
  throw invalidData(`unknown kind of data file; known are ${forms}`);
}

async function readIdxPair(tree: FileTree, images: string, limits: DataLimits): Promise<Dataset> {
  const labels = labelsBeside(images, await tree.list());
  const read = (path: string): Promise<ReturnType<typeof readIdx>> =>
    withinAsync(baseName(path), async () => readIdx(await readCapped(tree, path, limits.fileBytes), limits.totalBytes));
  return { name: images, x: await read(images), y: toLabels(await read(labels)) };
}

async function readFolder(tree: FileTree, name: string, limits: DataLimits, options: ReadOptions): Promise<Dataset> {
  const files = await tree.list();
  const top = files.filter((path) => !path.includes('/'));
  const entries: string[] = [];
  for (const path of top) {
    if (/\.(npz|csv)$/i.test(path) || isIdxImages(path) || (path.endsWith('.json') && await describesData(tree, path))) entries.push(path);
  }
  if (entries.length === 1) return readEntry(tree, entries[0] as string, limits);
  if (entries.length > 1) {
    throw invalidData(`the folder holds ${entries.length} sets (${entries.slice(0, 6).join(', ')}${entries.length > 6 ? ', ...' : ''}); name the one that is meant`);
  }
  const pictures = findClassFiles(files, pictureName, options.classOrder);
  if (pictures !== undefined) return readImageFolder(tree, pictures, name, limits, options.decodePicture ?? decodePng);
  const sounds = findClassFiles(files, soundName, options.classOrder);
  if (sounds !== undefined) return readSoundFolder(tree, sounds, name, limits);
  throw invalidData(`the folder holds no data that are known: ${forms}`);
}

async function describesData(tree: FileTree, path: string): Promise<boolean> {
  const size = await tree.size(path);
  if (size === undefined || size > 2 ** 20) return false;
  try {
    return isDescription(parseJson(new TextDecoder().decode(await tree.read(path)), path, 'invalid_data'));
  } catch {
    return false; // some other file that happens to be called .json
  }
}
