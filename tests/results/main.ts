// ./run results: the project's one table of results, from the real data and models, with the goals beside it.
import { cpus, availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadNodeEngine } from '@offramp/engine/node';
import { commandSpecs } from 'offramp/commands';
import { checkout, dataFolder } from '../bench/checkout.js';
import { readOrigin } from '../bench/origin.js';
import { collectModel, missingFiles } from './collect.js';
import { renderResultsPage } from './page.js';
import { assemble, type Results } from './results.js';
import { judgeScale, readScale } from './scale_goals.js';
import { keep, readKept, writeWhole, type Kept } from './state.js';
import { tasks } from './tasks.js';
import { renderResults } from './text.js';

const usage = `usage: ./run results [options]

Augments the real models by every method, measures each package on test rows that nothing was chosen on, and writes one table:
to the terminal, as results.json and as index.html. Each model's part is kept and used again as long as the sources and the
options stay the same.

  --models A,B      ${tasks.map(({ id }) => id).join(', ')} (default: all)
  --data DIR        folder of the real data (default: $OFFRAMP_DATA, else shared/data beside the checkout)
  --rows N          at most N rows of each part: for a look, not for numbers to quote
  --epochs N        passes over the training rows per head (default: what augment takes)
  --seed N          number that fixes every random choice (default 0)
  --threads N       threads that run the models while heads are trained (default: one per core, at most 4); figures are the same,
                    and packages are timed on one
  --fresh           measure again what is kept
  -o, --output DIR  folder for the results (default build/results)
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      models: { type: 'string' }, data: { type: 'string' }, rows: { type: 'string' }, epochs: { type: 'string' }, seed: { type: 'string' }, threads: { type: 'string' },
      fresh: { type: 'boolean' }, output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const chosen = values.models?.split(',').map(findTask) ?? tasks;
  const data = values.data ?? dataFolder;
  const limits = { rows: whole(values.rows, 'rows', 40, 1e7), epochs: whole(values.epochs, 'epochs', 1, 1000), seed: whole(values.seed, 'seed', 0, 2 ** 32) ?? 0 };
  const threads = whole(values.threads, 'threads', 1, 64) ?? Math.min(4, availableParallelism());
  const folder = values.output ?? join(checkout, 'build/results');
  const about: Omit<Results, 'models' | 'verdicts'> = {
    date: new Date().toISOString(), machine: cpus()[0]?.model ?? 'unknown', node: process.version, origin: await readOrigin(), threads, seed: limits.seed,
    rowLimit: limits.rows ?? null, left: [],
  };
  const options = new Set(Object.keys(commandSpecs.find(({ name }) => name === 'augment')?.options ?? {}));
  const made: Kept[] = [];
  const write = async (): Promise<Results> => {
    const results = assemble(about, made, judgeScale(await readScale(about.origin)));
    await writeWhole(join(folder, 'results.json'), JSON.stringify(results));
    await writeWhole(join(folder, 'index.html'), renderResultsPage(results));
    return results;
  };
  for (const task of chosen) {
    const missing = missingFiles(task, data);
    if (missing.length > 0) {
      about.left.push({ title: task.title, why: `${missing[0]} is not there` });
      continue;
    }
    const asked = { ...limits, threads, data, task };
    const kept = values.fresh === true ? undefined : await readKept(folder, task.id, about.origin, asked);
    if (kept === undefined) {
      const engine = await loadNodeEngine({ variant: 'simd', threads });
      const begin = performance.now();
      const result = await collectModel(engine, task, data, limits, options, say).finally(() => engine.dispose());
      made.push({ origin: about.origin, options: asked, date: new Date().toISOString(), seconds: (performance.now() - begin) / 1000, result });
      await keep(folder, made.at(-1) as Kept);
    } else {
      made.push(kept);
    }
    clear();
    await write(); // an interrupted run leaves what it has
  }
  if (made.length === 0) throw new Error(`none of the models is in ${data}; OFFRAMP_DATA or --data names the folder with the real data`);
  process.stdout.write(`${renderResults(await write())}\n`);
  process.stderr.write(`wrote ${join(folder, 'index.html')} and results.json\n`);
}

function findTask(name: string): (typeof tasks)[number] {
  const found = tasks.find(({ id }) => id === name);
  if (found === undefined) throw new Error(`--models: "${name}" is not one of ${tasks.map(({ id }) => id).join(', ')}`);
  return found;
}

function whole(text: string | undefined, option: string, low: number, high: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(number >= low && number <= high)) throw new Error(`--${option} is a whole number from ${low} to ${high}, not "${text}"`);
  return number;
}

let lastSaid = 0;
function say(text: string): void {
  if (!process.stderr.isTTY || performance.now() - lastSaid < 100) return;
  lastSaid = performance.now();
  process.stderr.write(`\r\x1b[2K${text}`.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1)));
}

function clear(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}

main().catch((thrown: unknown) => {
  clear();
  process.stderr.write(`results: error: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
