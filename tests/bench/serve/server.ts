// `offramp serve` as a process of its own, for measurements.
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { checkout } from '../checkout.js';

export interface Served {
  child: ChildProcess;
  url: string;
}

/** `prefix`: a command that runs it, such as taskset. Errors: if it ends before it listens. */
export async function startServer(path: string, stages: string, more: readonly string[] = [], prefix: readonly string[] = []): Promise<Served> {
  const [program = '', ...args] = [...prefix, process.execPath, join(checkout, 'node_cli/dist/main.js'), 'serve', path, '--stages', stages, '--port', '0', '--json', '--log-level', 'warn', ...more];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (piece: Buffer) => resolve((JSON.parse(piece.toString()) as { url: string }).url));
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  return { child, url };
}
