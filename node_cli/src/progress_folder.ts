// OUTPUT.progress: the folder in which an unfinished search keeps what it has. Writing is synchronous, as in output_file.ts.
import { existsSync, mkdirSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidArgument, type ProgressStore } from '@offramp/engine';
import { reasonOf } from '@offramp/engine/node';
import type { CommandIo } from './io.js';
import { writeAtomically } from './output_file.js';

const ours = /^(index\.json|search|rows-[a-z]+-\d+|\..*\.tmp)$/;
const codeOf = (thrown: unknown): string | undefined => (thrown as { code?: string }).code;

export const progressFolder = (output: string): string => `${output}.progress`;

/** Errors: invalid_argument. */
export function writeProgress(folder: string, name: string, bytes: Uint8Array): void {
  try {
    mkdirSync(folder);
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw invalidArgument(`cannot make the folder ${folder}: ${reasonOf(thrown)}`);
  }
  writeAtomically(join(folder, name), [bytes]);
}

/** Removes what a search has written, and the folder if nothing else is in it. Errors: invalid_argument. */
export function removeProgress(folder: string): void {
  try {
    for (const name of readdirSync(folder)) if (ours.test(name)) unlinkSync(join(folder, name));
    rmdirSync(folder);
  } catch (thrown) {
    const code = codeOf(thrown) ?? '';
    if (!['ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'EEXIST'].includes(code)) throw invalidArgument(`cannot remove ${folder}: ${reasonOf(thrown)}`);
  }
}

/** What is said when a search was left: how to go on, if something was kept. */
export function cancelledText(folder: string | undefined): string {
  return folder !== undefined && existsSync(join(folder, 'index.json')) ? `cancelled; the same command goes on from ${folder}` : 'cancelled';
}

export function progressStore(folder: string, io: CommandIo): ProgressStore {
  return {
    async read(name) {
      try {
        return new Uint8Array(await readFile(join(folder, name)));
      } catch (thrown) {
        if (codeOf(thrown) === 'ENOENT') return undefined;
        throw invalidArgument(`cannot read ${join(folder, name)}: ${reasonOf(thrown)}`);
      }
    },
    write: (name, bytes) => io.writeProgress(folder, name, bytes),
    clear: () => io.removeProgress(folder),
  };
}
