// Which sources a figure was made from.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { checkout } from './checkout.js';

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
