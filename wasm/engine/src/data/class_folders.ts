// A folder of class folders: cat/1.png, dog/2.png, or yes/1.wav, no/2.wav, ...
import { invalidData } from '../errors.js';

export interface ClassFile {
  path: string;
  label: number;
}

export interface ClassFiles {
  /** In the order of their paths. */
  files: ClassFile[];
  /** Names of the classes; none where folders are numbers. */
  labels?: string[];
}

/**
 * The files with the right names that stand in a folder each; undefined if there is none. Classes are the folders in alphabetical order; folders that
 * are all named by numbers are those classes; with `order` (a package's labels) every folder must be one of them.
 * Errors: invalid_data naming a folder that is not.
 */
export function findClassFiles(paths: readonly string[], wanted: RegExp, order?: readonly string[]): ClassFiles | undefined {
  const inside = paths.filter((path) => wanted.test(path) && path.split('/').length === 2).sort(byName);
  if (inside.length === 0) return undefined;
  const { numbers, labels } = numberFolders([...new Set(inside.map(folderOf))].sort(byName), order);
  const files = inside.map((path) => ({ path, label: numbers.get(folderOf(path)) as number }));
  return { files, ...(labels ? { labels } : {}) };
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

const folderOf = (path: string): string => path.split('/')[0] as string;

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
