// Labelled samples from the files that a user gave.
import { invalidData, limitExceeded, MemoryFileTree, dataLimits, readDataset, type Dataset, type PictureDecoder } from '@offramp/engine';

export interface GivenBlob {
  path: string;
  file: Blob;
}

/** One file, or all that belong to a dataset. `classOrder`: class names in the model's order. Errors: as readDataset. */
export async function readGiven(files: readonly GivenBlob[], classOrder: readonly string[] | undefined, decodePicture?: PictureDecoder): Promise<Dataset> {
  const [first] = files;
  if (first === undefined) throw invalidData('no files were given');
  if (files.length > dataLimits.files) throw limitExceeded(`${files.length} files; at most ${dataLimits.files} are read`);
  const size = files.reduce((sum, { file }) => sum + file.size, 0);
  if (size > dataLimits.totalBytes) throw limitExceeded(`the files have ${size} bytes; at most ${dataLimits.totalBytes} are read`);
  const tree = new MemoryFileTree(await Promise.all(files.map(async ({ path, file }) => [path, new Uint8Array(await file.arrayBuffer())] as const)));
  return readDataset(tree, files.length === 1 ? first.path : undefined, {
    ...(classOrder === undefined ? {} : { classOrder }), ...(decodePicture === undefined ? {} : { decodePicture }),
  });
}
