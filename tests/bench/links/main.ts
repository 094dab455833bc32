// ./run bench links: what plans over links promise and take, where splitting pays, and what rounding costs.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { checkout } from '../checkout.js';
import { measureCrossover } from './crossover.js';
import { compareEncodings } from './encodings.js';
import { measureGrid } from './grid.js';
import { Planner, type Effort } from './planner.js';
import { renderCrossover, renderEncodings, renderGrid, type LinksResults } from './table.js';

const parts = ['grid', 'crossover', 'encodings'] as const;
type PartName = (typeof parts)[number];

const usage = `usage: ./run bench links [options]

On the real data, with heads trained in short:
  grid        links of 1, 10 and 100 ms and 1, 10 and 100 Mbit/s (a delaying proxy): each is measured, a plan is made with its figures for a
              small board and a fog node that must share the model, and what the plan promises is compared with what it takes (DS-CNN)
  crossover   20 ms and 50 Mbit/s: for devices of many speeds the best plan against all stages here and all on the fog node, and one such
              plan measured (ResNet-56)
  encodings   what f16 and u8 on the link do to the accuracy of keywords, heartbeats and pictures

  --parts A,B        default: all
  --epochs N         passes over the training rows per head (default 6); splitting pays once early exits answer much, which takes longer
  --train-rows N     rows that heads learn from, at most (default 1500)
  --rows N           of encodings, at most (default 2000)
  --quick            fewer rows and links: for a look, not for numbers to quote
  -o, --output DIR   folder for links.json (default build/bench)
`;

const effort: Effort = { trainRows: 1500, selectRows: 1000, testRows: 80, epochs: 6, maxDropPp: 2, maxExits: 2 };
const crossoverTestRows = 300; // a point of the sweep is told on them, but one is measured
const quickEffort: Effort = { ...effort, trainRows: 400, selectRows: 300, testRows: 30, epochs: 2, maxDropPp: 5 };
const gridTask = 'kws_dscnn';
const crossoverTask = 'resnet56';
const encodingTasks = [gridTask, 'ecg_ps_resnet1d', crossoverTask];

export async function links(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: { parts: { type: 'string' }, rows: { type: 'string' }, epochs: { type: 'string' }, 'train-rows': { type: 'string' }, quick: { type: 'boolean' }, output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const wanted = (values.parts ?? parts.join()).split(',').map((name) => {
    const part = parts.find((known) => known === name);
    if (part === undefined) throw new Error(`--parts: "${name}" is not one of ${parts.join(', ')}`);
    return part;
  });
  const count = (name: 'rows' | 'epochs' | 'train-rows', otherwise: number): number => {
    const number = Number(values[name] ?? otherwise);
    if (!(Number.isInteger(number) && number > 0)) throw new Error(`--${name}: a number from 1 is needed, not "${values[name]}"`);
    return number;
  };
  const given = values.quick === true ? quickEffort : effort;
  const spent = { ...given, epochs: count('epochs', given.epochs), trainRows: count('train-rows', given.trainRows) };
  const rows = count('rows', values.quick === true ? 200 : 2000);
  const folder = values.output ?? join(checkout, 'build/bench');
  await mkdir(folder, { recursive: true });
  const results: LinksResults = { machine: cpus()[0]?.model ?? 'unknown', date: new Date().toISOString() };
  const engine = await loadNodeEngine();
  try {
    await measure(engine, wanted, { quick: values.quick === true, rows, spent }, results, async (text) => {
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
      process.stdout.write(`${text}\n`);
      await writeFile(join(folder, 'links.json'), `${JSON.stringify(results, null, 1)}\n`);
    });
  } finally {
    engine.dispose();
  }
}

/** Each task is trained once; what needs it follows. */
async function measure(
  engine: Engine, wanted: readonly PartName[], { quick, rows, spent }: { quick: boolean; rows: number; spent: Effort }, results: LinksResults, show: (text: string) => Promise<void>,
): Promise<void> {
  const say = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text.slice(0, 100)}`);
  };
  for (const task of encodingTasks) {
    const runs = wanted.filter((part) => part === 'encodings' || (part === 'grid' && task === gridTask) || (part === 'crossover' && task === crossoverTask));
    if (runs.length === 0) continue;
    const testRows = task === crossoverTask && !quick ? crossoverTestRows : spent.testRows;
    const planner = await Planner.train(engine, task, { ...spent, testRows }, say);
    if (runs.includes('grid')) {
      results.grid = await measureGrid(engine, planner, quick ? [1, 100] : [1, 10, 100], quick ? [1, 100] : [1, 10, 100], say);
      await show(renderGrid(results.grid));
    }
    if (runs.includes('crossover')) {
      results.crossover = await measureCrossover(engine, planner, say);
      await show(renderCrossover(results.crossover));
    }
    if (runs.includes('encodings')) {
      results.encodings = [...results.encodings ?? [], await compareEncodings(engine, task, planner, rows, say)];
      await show(renderEncodings(results.encodings.slice(-1)));
    }
    planner.dispose();
  }
}
