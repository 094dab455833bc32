// `offramp serve` as a user starts it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { zipPackage, type PackageFile } from '@offramp/engine';
import { start, temporaryFolder, type Ended } from '../cli/command.js';

export interface Serving {
  url: string;
  kill(signal: NodeJS.Signals): void;
  /** Exit code and what was written. */
  ended: Promise<Ended>;
}

const folder = temporaryFolder();
let packages = 0;

export function writePackage(files: readonly PackageFile[]): string {
  packages += 1;
  const path = join(folder, `${packages}.offramp`);
  writeFileSync(path, zipPackage(files));
  return path;
}

/** Killed when the test file is done. Errors: if it ends before it listens. */
export async function serving(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Serving> {
  const { child, ended } = start(['serve', ...args, '--port', '0', '--json'], environment);
  after(() => child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (piece: Buffer) => {
      text += piece.toString();
      if (text.includes('\n')) resolve((JSON.parse(text) as { url: string }).url);
    });
    void ended.then(({ err }) => reject(new Error(`the server ended: ${err}`)));
  });
  return { url, ended, kill: (signal) => child.kill(signal) };
}
