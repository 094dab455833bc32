// Class folders with pictures, as one dataset.
import { invalidData, limitExceeded } from '../errors.js';
import type { ClassFiles } from './class_folders.js';
import type { Dataset } from './dataset.js';
import { readCapped, type DataLimits, type FileTree } from './file_tree.js';
import type { Picture, PictureDecoder } from './png.js';

export const pictureName = /\.(png|jpe?g|bmp|webp|gif|tiff?|ppm)$/i;
const largestPicture = 64 * 2 ** 20;

/**
 * Shapes: x u8 [n, H, W] or [n, H, W, 3].
 * Errors: invalid_data naming two files if sizes differ, or the file that cannot be read.
 */
export async function readImageFolder(
  tree: FileTree, { files, labels }: ClassFiles, name: string, limits: DataLimits, decode: PictureDecoder,
): Promise<Dataset> {
  if (files.length > limits.files) throw limitExceeded(`${files.length} pictures; at most ${limits.files} are read`);
  let first: { path: string; picture: Picture } | undefined;
  let data = new Uint8Array(0);
  for (const [row, { path }] of files.entries()) {
    const picture = await decode(await readCapped(tree, path, largestPicture), path, limits.imagePixels);
    if (first === undefined) {
      first = { path, picture };
      const total = picture.data.length * files.length;
      if (total > limits.totalBytes) throw limitExceeded(`${files.length} pictures of ${picture.data.length} bytes need ${total}; at most ${limits.totalBytes} are read`);
      data = new Uint8Array(total);
    }
    const { picture: model } = first;
    if (picture.width !== model.width || picture.height !== model.height || picture.channels !== model.channels) {
      throw invalidData(`${path} is ${describe(picture)}, ${first.path} is ${describe(model)}; all pictures must have one size and kind`);
    }
    data.set(picture.data, row * model.data.length);
  }
  if (first === undefined) throw invalidData('the folder holds no pictures in class folders');
  const { height, width, channels } = first.picture;
  const dims = channels === 1 ? [files.length, height, width] : [files.length, height, width, channels];
  return { name, x: { dtype: 'u8', dims, data }, y: Int32Array.from(files, ({ label }) => label), ...(labels ? { labels } : {}) };
}

function describe(picture: Picture): string {
  return `${picture.width} x ${picture.height} ${picture.channels === 1 ? 'grey' : 'colour'}`;
}
