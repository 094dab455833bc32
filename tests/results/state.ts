// What a result was made from, so that one made earlier is used again only if nothing has changed since.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkout } from '../bench/checkout.js';
import type { ModelResult } from './collect.js';

export interface Origin {
  commit: string;
  /** Of what differs from the commit; empty if nothing does. */
  changes: string;
}

/** Files that git does not know count as changes too, whatever they are. */
export async function readOrigin(): Promise<Origin> {
  const git = async (...args: string[]): Promise<string> => {
    try {
      return (await promisify(execFile)('git', ['-C', checkout, ...args], { maxBuffer: 2 ** 28 })).stdout;
    } catch {
      return ''; // an export without a repository
    }
  };
  const [commit, changed, unknown] = [await git('rev-parse', 'HEAD'), await git('diff', 'HEAD'), await git('ls-files', '--others', '--exclude-standard')];
  const changes = changed + unknown;
  return { commit: commit.trim(), changes: changes === '' ? '' : createHash('sha256').update(changes).digest('hex').slice(0, 16) };
}

export interface Kept {
  origin: Origin;
  options: object;
  date: string;
  seconds: number;
  result: ModelResult;
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The result kept in `folder` if it is of this origin and these options. */
export async function readKept(folder: string, id: string, origin: Origin, options: object): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')) as Kept;
    return same(kept.origin, origin) && same(kept.options, options) ? kept : undefined;
  } catch {
    return undefined; // none yet, or one cut short
  }
}

export async function keep(folder: string, kept: Kept): Promise<void> {
  await writeWhole(join(folder, `${kept.result.id}.json`), JSON.stringify(kept));
}

/** All of it or nothing. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(`${path}.part${process.pid}`, text);
  await rename(`${path}.part${process.pid}`, path);
}
