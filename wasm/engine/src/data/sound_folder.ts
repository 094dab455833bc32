// Class folders with sound files, as one dataset.
import { invalidData, limitExceeded, withinAsync } from '../errors.js';
import type { ClassFiles } from './class_folders.js';
import type { Dataset } from './dataset.js';
import { readCapped, type DataLimits, type FileTree } from './file_tree.js';
import { readWav, type Sound } from './wav.js';

export const soundName = /\.wav$/i;
const largestSound = 256 * 2 ** 20;

/**
 * Shapes: x f32 [n, samples] in [-1, 1]; shorter sounds end in silence, up to the longest.
 * Errors: invalid_data naming two files if rates differ, or the file that cannot be read.
 */
export async function readSoundFolder(tree: FileTree, { files, labels }: ClassFiles, name: string, limits: DataLimits): Promise<Dataset> {
  if (files.length > limits.files) throw limitExceeded(`${files.length} sounds; at most ${limits.files} are read`);
  const sounds: Sound[] = [];
  let longest = 0;
  for (const { path } of files) {
    const sound = await withinAsync(path, async () => readWav(await readCapped(tree, path, largestSound)));
    const [first] = sounds;
    if (first !== undefined && sound.rate !== first.rate) {
      throw invalidData(`${path} has ${sound.rate} samples a second, ${files[0]?.path} has ${first.rate}; all sounds must have one rate`);
    }
    sounds.push(sound);
    longest = Math.max(longest, sound.samples.length);
    const total = 4 * longest * files.length;
    if (total > limits.totalBytes) throw limitExceeded(`${files.length} sounds of ${longest} samples (${path}) need ${total} bytes; at most ${limits.totalBytes} are read`);
  }
  const x = new Float32Array(files.length * longest);
  sounds.forEach(({ samples }, row) => x.set(samples, row * longest));
  const data = new Uint8Array(x.buffer);
  return { name, x: { dtype: 'f32', dims: [files.length, longest], data }, y: Int32Array.from(files, ({ label }) => label), ...(labels ? { labels } : {}) };
}
