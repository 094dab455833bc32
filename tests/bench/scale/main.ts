// ./run bench scale: the complete search on a network of ResNet-152's size in wasm, with time and memory by step.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { checkout } from '../checkout.js';
import { readOrigin, type Origin } from '../origin.js';
import type { Measured, Request } from './augmentation.js';
import { resnet152 } from './bottleneck_resnet.js';
import { goals, renderGoals, renderScale, summarise, type Summary } from './table.js';

const usage = `usage: ./run bench scale [options]

Runs the complete search on the ResNet-152 topology at 32x32, 3.7 GMACs, in wasm, and tells time and memory by step. The model has
random weights and a fitted classifier; the rows are made up, three fifths to train, a fifth each to select and test.

  --rows N          rows in all, at least 100 (default 5000: some 20 minutes)
  --threads N       1 to 64 (default 2)
  --blocks A,B,..   bottleneck blocks by stage (default ${resnet152.blocks.join(',')})
  --width N         width of the first stage (default ${resnet152.width})
  -o, --output DIR  folder for scale.json (default build/bench)
`;

/** scale.json */
export interface ScaleResults extends Measured {
  origin: Origin;
  /** All rows and two threads, which the goals are of. */
  whole: boolean;
  machine: string;
  node: string;
  date: string;
  goals: typeof goals;
  summary: Summary;
}

const allRows = 5000;
const fitRows = 200;

export async function scale(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rows: { type: 'string' }, threads: { type: 'string' }, blocks: { type: 'string' }, width: { type: 'string' },
      output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const rows = wholeNumber(values.rows, 'rows', 100, 1e6) ?? allRows;
  const threads = wholeNumber(values.threads, 'threads', 1, 64) ?? 2;
  const blocks = values.blocks?.split(',').map((text) => wholeNumber(text, 'blocks', 1, 100) as number) ?? resnet152.blocks;
  const width = wholeNumber(values.width, 'width', 1, 1024) ?? resnet152.width;
  const part = Math.floor(rows / 5);
  const request: Request = { shape: { ...resnet152, blocks, width }, rows: { train: rows - 2 * part, select: part, test: part }, fitRows, threads, seed: 0 };
  const measured = await inOwnProcess(request);
  process.stdout.write(`${renderScale(measured)}\n`);
  const whole = rows === allRows && threads === 2 && blocks === resnet152.blocks && width === resnet152.width;
  if (whole) process.stdout.write(`\n${renderGoals(measured)}\n`);
  const folder = values.output ?? join(checkout, 'build/bench');
  await mkdir(folder, { recursive: true });
  const results: ScaleResults = { origin: await readOrigin(), whole, machine: cpus()[0]?.model ?? 'unknown', node: process.version, date: new Date().toISOString(), goals, summary: summarise(measured), ...measured };
  await writeFile(join(folder, 'scale.json'), JSON.stringify(results));
  process.stderr.write(`wrote ${join(folder, 'scale.json')}\n`);
}

/** What the process held before would count as the search's memory; and the files are made in one that ends first. */
async function inOwnProcess(request: Request): Promise<Measured> {
  const script = fileURLToPath(new URL('augmentation.js', import.meta.url));
  const run = async (what: Request | { make: Request }): Promise<string> => {
    const child = promisify(execFile)(process.execPath, [script, JSON.stringify(what)], { maxBuffer: 1e9, env: { ...process.env, OFFRAMP_PROGRESS: process.stderr.isTTY ? '1' : '' } });
    child.child.stderr?.pipe(process.stderr);
    return (await child).stdout;
  };
  await run({ make: request });
  return JSON.parse(await run(request)) as Measured;
}

function wholeNumber(text: string | undefined, option: string, low: number, high: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,7}$/.test(text) ? Number(text) : NaN;
  if (!(number >= low && number <= high)) throw new Error(`--${option} is a whole number from ${low} to ${high}, not "${text}"`);
  return number;
}
