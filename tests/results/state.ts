// Results that are kept, and used again only if nothing has changed since.
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Origin } from '../bench/origin.js';
import type { ModelResult } from './collect.js';

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
