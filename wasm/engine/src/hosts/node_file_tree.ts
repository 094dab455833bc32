// A folder of the file system as a file tree. Symbolic links are followed only as long as they stay inside.
import type { Dirent } from 'node:fs';
import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { dataLimits, resolveInside, type FileTree } from '../data/file_tree.js';
import { OfframpError, invalidData, limitExceeded } from '../errors.js';

const deepestFolder = 4; // class folders lie one deep; nothing known lies deeper than this

export class NodeFileTree implements FileTree {
  private listing: Promise<string[]> | undefined;

  /** `root` is a real path: see openTree. */
  constructor(private readonly root: string, private readonly largestList: number = dataLimits.files) {}

  list(): Promise<string[]> {
    this.listing ??= this.walk();
    return this.listing;
  }

  async size(path: string): Promise<number | undefined> {
    const real = await this.locate(path);
    if (real === undefined) return undefined;
    const status = await stat(real);
    return status.isFile() ? status.size : undefined;
  }

  async read(path: string): Promise<Uint8Array> {
    const real = await this.locate(path);
    if (real === undefined) throw invalidData(`file ${path} does not exist`);
    try {
      // Asked before it is opened: opening a pipe would wait for a writer.
      if (!(await stat(real)).isFile()) throw invalidData(`${path} is no plain file`);
      return await readFile(real);
    } catch (thrown) {
      if (thrown instanceof OfframpError) throw thrown;
      throw invalidData(`file ${path} cannot be read: ${reasonOf(thrown)}`);
    }
  }

  /** The real path behind `path`, or undefined if there is none. Errors: invalid_data if it leaves the folder. */
  private async locate(path: string): Promise<string | undefined> {
    const inside = resolveInside('', path);
    let real: string;
    try {
      real = await realpath(join(this.root, inside));
    } catch {
      return undefined;
    }
    const prefix = this.root.endsWith(sep) ? this.root : this.root + sep;
    if (!real.startsWith(prefix)) throw invalidData(`${path} is a link to a place outside its folder; only files inside are opened`);
    return real;
  }

  private async walk(): Promise<string[]> {
    const found: string[] = [];
    const visit = async (folder: string, depth: number): Promise<void> => {
      const entries: Dirent[] = await readdir(join(this.root, folder), { withFileTypes: true });
      for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
        if (entry.name.startsWith('.')) continue;
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
        if (entry.isDirectory() && depth < deepestFolder) await visit(path, depth + 1);
        else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
        if (found.length > this.largestList) throw limitExceeded(`the folder holds more than ${this.largestList} files`);
      }
    };
    await visit('', 0);
    return found;
  }
}

/** A path as the user gave it: a folder is a tree of its own, a file is an entry of its folder's tree. */
export async function openTree(path: string): Promise<{ tree: NodeFileTree; entry?: string }> {
  const absolute = resolve(path);
  try {
    if ((await stat(absolute)).isDirectory()) return { tree: new NodeFileTree(await realpath(absolute)) };
    // The file itself may be a link: what the user names is the user's to choose.
    return { tree: new NodeFileTree(await realpath(dirname(absolute))), entry: basename(absolute) };
  } catch (thrown) {
    throw new OfframpError('invalid_data', `${path} cannot be opened: ${reasonOf(thrown)}`);
  }
}

export function reasonOf(thrown: unknown): string {
  const code = (thrown as { code?: string }).code;
  const known: Record<string, string> = {
    ENOENT: 'it does not exist', EACCES: 'permission denied', EPERM: 'permission denied', EISDIR: 'it is a folder',
    ENOTDIR: 'part of the path is no folder', ENOSPC: 'the disk is full', EROFS: 'the file system is read-only', ENAMETOOLONG: 'the name is too long',
  };
  return known[code ?? ''] ?? (thrown instanceof Error ? thrown.message : String(thrown));
}
