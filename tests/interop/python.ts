// Programs of the environment that scripts/interop.sh makes: asked once, or serving until the test file is done. All are bounded in time, and ended with all that they started.
import { spawn, type ChildProcess } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after } from 'node:test';
import { checkout } from '../cli/command.js';

const limitMs = 60_000;
const graceMs = 15_000;
/** Undefined where PyPI could not be reached. */
export const environment = process.env['OFFRAMP_INTEROP'];
export const whySkipped = environment === undefined && 'PyPI could not be reached';
const scripts = join(checkout, 'tests/interop');

function start(program: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): { child: ChildProcess; written: () => string; end: () => void; ended: Promise<void> } {
  let text = '';
  // A process group of its own, so that ending it leaves no server behind.
  const child = spawn(join(environment ?? '', 'bin', program), [...args], {
    cwd: checkout, detached: true, stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: join(scripts, 'servers'), PYTHONDONTWRITEBYTECODE: '1', OMP_NUM_THREADS: '1', ...variables },
  });
  const end = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  };
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const keep = (piece: Buffer): void => { text = (text + piece.toString()).slice(-20_000); };
  child.stderr.on('data', keep);
  child.on('error', (error) => { text += error.message; });
  process.once('exit', end);
  return { child, written: () => text, end, ended };
}

/** What a script of this folder writes for `input`. Errors: what it wrote to standard error. */
export function ask(script: string, args: readonly string[], input: string): Promise<string> {
  const { child, written, end } = start('python', [join(scripts, script), ...args]);
  const timer = setTimeout(end, limitMs);
  let out = '';
  child.stdout?.on('data', (piece: Buffer) => { out += piece.toString(); });
  child.stdin?.end(input);
  return new Promise((resolve, reject) => child.on('close', (code) => {
    clearTimeout(timer);
    if (code === 0) resolve(out);
    else reject(new Error(`${script} ended with ${code}: ${written()}`));
  }));
}

/**
 * Starts a server and waits until `url` is answered with 200. With the test file it is asked to end, by the end of its input and SIGTERM, so that it leaves no shared
 * memory behind. Errors: what it wrote, if no answer comes.
 */
export async function startServer(program: string, args: readonly string[], url: string, variables: NodeJS.ProcessEnv = {}): Promise<void> {
  const { child, written, end, ended } = start(program, args, variables);
  child.stdout?.resume();
  after(async () => {
    child.stdin?.end();
    child.kill('SIGTERM');
    const timer = setTimeout(end, graceMs);
    await ended;
    clearTimeout(timer);
    end(); // what it started and left
  });
  const until = performance.now() + limitMs;
  while (child.exitCode === null && performance.now() < until) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    if (answer?.status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  end();
  throw new Error(`${program} ${args.join(' ')} does not answer at ${url}: ${written()}`);
}

/** One that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
