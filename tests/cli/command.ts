// Runs the command as a user would, and makes small data for it.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after } from 'node:test';
import { zipSync } from 'fflate';
import { encodeNpy } from './npy_writer.js';

/** build/ts/tests/cli/command.js -> the checkout */
export const checkout = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));
export const mainScript = join(checkout, 'node_cli/dist/main.js');
export const exampleModel = join(checkout, 'examples/fashion_mnist/base.onnx');

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

export function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [mainScript, ...args], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => out.push(piece));
  child.stderr.on('data', (piece: Buffer) => err.push(piece));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }));
  });
  return { child, ended };
}

export function offramp(...args: string[]): Promise<Ended> {
  return start(args).ended;
}

/** A folder that goes when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'offramp-cli-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Pictures of 28 x 28 with a bright square whose place is the class: easy, seeded, and of the example model's shape. */
export function squares(rows: number, seed: number): { x: Uint8Array; y: Uint8Array } {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const x = new Uint8Array(rows * 784);
  const y = Uint8Array.from({ length: rows }, (_, row) => row % 10);
  for (let row = 0; row < rows; row += 1) {
    const left = 1 + 5 * (y[row] as number % 5);
    const top = 3 + 12 * Math.floor(y[row] as number / 5);
    for (let pixel = 0; pixel < 784; pixel += 1) {
      const inside = pixel % 28 >= left && pixel % 28 < left + 6 && pixel / 28 >= top && pixel / 28 < top + 9;
      x[row * 784 + pixel] = Math.floor((inside ? 180 : 0) + random() * 75);
    }
  }
  return { x, y };
}

export function writeSquares(path: string, rows: number, seed: number): string {
  const { x, y } = squares(rows, seed);
  writeFileSync(path, zipSync({ 'x.npy': encodeNpy('|u1', [rows, 28, 28], x), 'y.npy': encodeNpy('|u1', [rows], y) }, { level: 1 }));
  return path;
}
