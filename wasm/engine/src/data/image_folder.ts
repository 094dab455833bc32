// A folder of class folders with pictures: cat/1.png, dog/2.png, ...
import { invalidData, limitExceeded } from '../errors.js';
import type { Dataset } from './dataset.js';
import { readCapped, type DataLimits, type FileTree } from './file_tree.js';
import type { Picture, PictureDecoder } from './png.js';

const pictureName = /\.(png|jpe?g|bmp|webp|gif|tiff?|ppm)$/i;
const largestPicture = 64 * 2 ** 20;

export function isPicture(path: string): boolean {
  return pictureName.test(path);
}

/** Class folders that hold pictures, in the order of their classes; undefined if `files` are no such folder. */
export function classFolders(files: readonly string[]): string[] | undefined {
  const inside = files.filter((path) => isPicture(path) && path.split('/').length === 2);
  if (inside.length === 0) return undefined;
  return [...new Set(inside.map((path) => path.split('/')[0] as string))].sort(byName);
}

/**
 * Classes are the folders in alphabetical order; folders that are all named by numbers are those classes; with
 * `order` (a package's labels) every folder must be one of them. Shapes: x u8 [n, H, W] or [n, H, W, 3].
 * Errors: invalid_data naming two files if sizes differ, or the file that cannot be read.
 */
export async function readImageFolder(
  tree: FileTree, files: readonly string[], name: string, limits: DataLimits, decode: PictureDecoder, order?: readonly string[],
): Promise<Dataset> {
  const folders = classFolders(files) ?? [];
  const classes = numberFolders(folders, order);
  const pictures = files.filter((path) => isPicture(path) && classes.numbers.has(path.split('/')[0] as string)).sort(byName);
  if (pictures.length > limits.files) throw limitExceeded(`${pictures.length} pictures; at most ${limits.files} are read`);
  let first: { path: string; picture: Picture } | undefined;
  let data = new Uint8Array(0);
  const y = new Int32Array(pictures.length);
  for (const [row, path] of pictures.entries()) {
    const picture = await decode(await readCapped(tree, path, largestPicture), path, limits.imagePixels);
    if (first === undefined) {
      first = { path, picture };
      const total = picture.data.length * pictures.length;
      if (total > limits.totalBytes) throw limitExceeded(`${pictures.length} pictures of ${picture.data.length} bytes need ${total}; at most ${limits.totalBytes} are read`);
      data = new Uint8Array(total);
    }
    const { picture: model } = first;
    if (picture.width !== model.width || picture.height !== model.height || picture.channels !== model.channels) {
      throw invalidData(`${path} is ${describe(picture)}, ${first.path} is ${describe(model)}; all pictures must have one size and kind`);
    }
    data.set(picture.data, row * model.data.length);
    y[row] = classes.numbers.get(path.split('/')[0] as string) as number;
  }
  if (first === undefined) throw invalidData('the folder holds no pictures in class folders');
  const { height, width, channels } = first.picture;
  const dims = channels === 1 ? [pictures.length, height, width] : [pictures.length, height, width, channels];
  return { name, x: { dtype: 'u8', dims, data }, y, ...(classes.labels ? { labels: classes.labels } : {}) };
}

function numberFolders(folders: readonly string[], order: readonly string[] | undefined): { numbers: Map<string, number>; labels?: string[] } {
  if (order !== undefined && folders.every((folder) => order.includes(folder))) {
    return { numbers: new Map(folders.map((folder) => [folder, order.indexOf(folder)])), labels: [...order] };
  }
  if (folders.every((folder) => /^\d{1,6}$/.test(folder))) {
    return { numbers: new Map(folders.map((folder) => [folder, Number(folder)])) };
  }
  if (order !== undefined) {
    const stranger = folders.find((folder) => !order.includes(folder));
    throw invalidData(`class folder ${stranger} is none of the model's labels (${order.slice(0, 12).join(', ')}${order.length > 12 ? ', ...' : ''})`);
  }
  return { numbers: new Map(folders.map((folder, index) => [folder, index])), labels: [...folders] };
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function describe(picture: Picture): string {
  return `${picture.width} x ${picture.height} ${picture.channels === 1 ? 'grey' : 'colour'}`;
}
