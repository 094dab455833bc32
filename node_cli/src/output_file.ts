// Output files appear by rename, whole or not at all. Everything here is synchronous: no signal handler runs in between.
import { closeSync, fsyncSync, openSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { invalidArgument } from '@offramp/engine';
import { reasonOf } from '@offramp/engine/node';

export function temporaryBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}

/** Makes and removes a file beside `path`, since rights alone do not tell. Errors: invalid_argument. */
export function checkWritable(path: string): void {
  if (path === '') throw invalidArgument('the output file has an empty name');
  let isFolder = false;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    // It need not exist.
  }
  if (isFolder || path.endsWith('/')) throw invalidArgument(`cannot write ${path}: it is a folder; name a file`);
  const temporary = temporaryBeside(path);
  try {
    closeSync(openSync(temporary, 'wx'));
    unlinkSync(temporary);
  } catch (thrown) {
    throw invalidArgument(`cannot write ${path}: ${folderReason(path, thrown)}`);
  }
}

/** A file of `pieces`, one behind the other. Errors: invalid_argument, and no trace is left. */
export function writeAtomically(path: string, pieces: readonly Uint8Array[]): void {
  const temporary = temporaryBeside(path);
  try {
    writeDurably(temporary, pieces);
    renameSync(temporary, path);
  } catch (thrown) {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never made.
    }
    throw invalidArgument(`cannot write ${path}: ${folderReason(path, thrown)}`);
  }
}

/** A new file, on the disk when this returns. */
export function writeDurably(path: string, pieces: readonly Uint8Array[]): void {
  const file = openSync(path, 'wx');
  try {
    for (const piece of pieces) for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Why nothing can be written beside `path`. */
export function folderReason(path: string, thrown: unknown): string {
  return (thrown as { code?: string }).code === 'ENOENT' ? `the folder ${dirname(path)} does not exist` : reasonOf(thrown);
}
