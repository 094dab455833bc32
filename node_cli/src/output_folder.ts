// Output folders appear by rename, whole or not at all. Everything here is synchronous, as for output files.
import { mkdirSync, readdirSync, renameSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { invalidArgument } from '@offramp/engine';
import type { OutputFile } from './io.js';
import { folderReason, temporaryBeside, writeDurably } from './output_file.js';

/** An empty folder may be there. Errors: invalid_argument. */
export function checkFolder(path: string): void {
  if (path === '') throw invalidArgument('the output folder has an empty name');
  let entries: string[] | undefined;
  try {
    if (!statSync(path).isDirectory()) throw invalidArgument(`cannot write ${path}: it exists and is no folder; name another`);
    entries = readdirSync(path);
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== 'ENOENT') throw refusal(path, thrown);
  }
  if (entries !== undefined && entries.length > 0) throw invalidArgument(`cannot write ${path}: the folder exists and is not empty; remove it or name another`);
  const temporary = temporaryBeside(resolve(path));
  try {
    mkdirSync(temporary);
    rmdirSync(temporary);
  } catch (thrown) {
    throw refusal(path, thrown);
  }
}

/** Precondition: names of files stay within the folder. Errors: invalid_argument, and no trace is left. */
export function writeFolder(path: string, files: readonly OutputFile[]): void {
  const temporary = temporaryBeside(resolve(path));
  try {
    mkdirSync(temporary);
    for (const { name, bytes } of files) {
      const target = join(temporary, name);
      mkdirSync(dirname(target), { recursive: true });
      writeDurably(target, [bytes]);
    }
    renameSync(temporary, path);
  } catch (thrown) {
    rmSync(temporary, { recursive: true, force: true });
    throw refusal(path, thrown);
  }
}

function refusal(path: string, thrown: unknown): Error {
  return (thrown as { code?: string }).code === 'invalid_argument' ? thrown as Error : invalidArgument(`cannot write ${path}: ${folderReason(resolve(path), thrown)}`);
}
