// What a dataset reader may see: the files of one folder by relative path, whatever the host.
import { invalidData, limitExceeded } from '../errors.js';

export interface FileTree {
  /** Relative paths with forward slashes, of files only. */
  list(): string[] | Promise<string[]>;
  /** Bytes of a file; undefined if there is none. */
  size(path: string): Promise<number | undefined>;
  /** Errors: invalid_data naming the path if it is missing or outside the folder. */
  read(path: string): Promise<Uint8Array>;
}

/** Caps on what readers take in; all readers keep to them before they allocate. */
export interface DataLimits {
  fileBytes: number;
  totalBytes: number;
  rows: number;
  files: number;
  imagePixels: number;
}
export const dataLimits: DataLimits = {
  fileBytes: 2 ** 30, totalBytes: 2 ** 31, rows: 10_000_000, files: 200_000, imagePixels: 4096 * 4096,
};

/**
 * A path from a file, made safe: relative, below its folder, forward slashes.
 * Errors: invalid_data naming the path and the rule.
 */
export function resolveInside(folder: string, path: string): string {
  const refused = (why: string): Error => invalidData(`path ${JSON.stringify(path.slice(0, 200))} ${why}; only files in the description's own folder are opened`);
  if (path === '') throw refused('is empty');
  if (path.includes('\0')) throw refused('holds a zero byte');
  if (path.includes('\\')) throw refused('has a backslash');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) throw refused('is absolute');
  if (/^[a-z][a-z0-9+.-]*:/i.test(path)) throw refused('is an address');
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused('has ".."');
  if (parts.length === 0) throw refused('names no file');
  return folder === '' ? parts.join('/') : `${folder}/${parts.join('/')}`;
}

export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Reads a file after its size was checked. Errors: invalid_data if it is missing, limit_exceeded if it is too large. */
export async function readCapped(tree: FileTree, path: string, largest: number): Promise<Uint8Array> {
  const size = await tree.size(path);
  if (size === undefined) throw invalidData(`file ${path} does not exist`);
  if (size > largest) throw limitExceeded(`file ${path} has ${size} bytes; at most ${largest} are read`);
  const bytes = await tree.read(path);
  if (bytes.length > largest) throw limitExceeded(`file ${path} has ${bytes.length} bytes; at most ${largest} are read`);
  return bytes;
}

/** Files held in memory: what a page was handed, and tests. */
export class MemoryFileTree implements FileTree {
  private readonly files: Map<string, Uint8Array>;

  constructor(files: Iterable<readonly [string, Uint8Array]>) {
    this.files = new Map(files);
  }
  list(): string[] {
    return [...this.files.keys()];
  }
  size(path: string): Promise<number | undefined> {
    return Promise.resolve(this.files.get(path)?.length);
  }
  read(path: string): Promise<Uint8Array> {
    const bytes = this.files.get(path);
    if (bytes === undefined) return Promise.reject(invalidData(`file ${path} does not exist`));
    return Promise.resolve(bytes);
  }
}
