// ./run bench: times Offramp beside other engines and writes build/bench/results.json and index.html.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkout } from './checkout.js';
import type { EngineChoice } from './engines/engine.js';
import { chromiumHost } from './hosts/chromium.js';
import type { Host } from './hosts/host.js';
import { nodeHost } from './hosts/node.js';
import { measureModel, type Effort } from './measure.js';
import { renderPage } from './page.js';
import { page } from './web_page/main.js';
import { defaultModels, findModels, knownModels } from './models.js';
import { summarise, type BenchResults } from './results.js';
import { links } from './links/main.js';
import { scale } from './scale/main.js';
import { serve } from './serve/main.js';
import { renderComparison, renderTable } from './terminal.js';

const usage = `usage: ./run bench [options]
       ./run bench scale [options]    a search at ResNet-152's size; see its --help
       ./run bench serve [options]    offramp serve under load; see its --help
       ./run bench links [options]    plans over links: promised and measured; see its --help
       ./run bench page [options]     the page's first load, and how responsive it stays during a search; see its --help

Times Offramp, onnxruntime-web, TensorFlow.js and a bare XNNPACK runner by turns on the same models.

  --models A,B      ${knownModels.join(', ')}
                    (default: all but fashion_mnist)
  --engines A,B     offramp, onnxruntime-web, tfjs, bare (default: all)
  --hosts A,B       node, chromium (default: node)
  --threads A,B     1, 2 (default: both)
  --quick           few short rounds: for a look, not for numbers to quote
  --rounds N        rounds (default 15, quick 3)
  --clock NAME      wall (default) or cpu: the process's own time, for one thread on a machine that is busy
  -o, --output DIR  folder for results.json and index.html (default build/bench)
`;

const thorough: Effort = { rounds: 15, roundNs: 200e6, warmUpRuns: 300, warmUpNs: 4e9, firstResults: 7, clock: 'wall' };
const quick: Effort = { rounds: 3, roundNs: 100e6, warmUpRuns: 200, warmUpNs: 2e9, firstResults: 2, clock: 'wall' };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      models: { type: 'string' }, engines: { type: 'string' }, hosts: { type: 'string' }, threads: { type: 'string' }, rounds: { type: 'string' }, clock: { type: 'string' },
      quick: { type: 'boolean' }, output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const effort = { ...(values.quick ? quick : thorough) };
  if (values.rounds !== undefined) effort.rounds = Number(oneOf(values.rounds, Array.from({ length: 1000 }, (_, i) => String(i + 1)), 'rounds'));
  if (values.clock !== undefined) effort.clock = oneOf(values.clock, ['wall', 'cpu'] as const, 'clock');
  const threads = list(values.threads, ['1', '2'], ['1', '2'], 'threads').map(Number);
  const choices = list(values.engines, engineNames, engineNames, 'engines').flatMap((engine) => threads.flatMap((count) => engineChoices(engine, count)));
  const hostNames = list(values.hosts, ['node'], ['node', 'chromium'] as const, 'hosts');
  if (effort.clock === 'cpu' && hostNames.includes('chromium')) throw new Error('--clock cpu: only Node tells a process\'s own time');
  const models = await findModels(list(values.models, defaultModels, knownModels, 'models'));
  const folder = values.output ?? join(checkout, 'build/bench');
  const results: BenchResults = { machine: cpus()[0]?.model ?? 'unknown', hosts: {}, date: new Date().toISOString(), rounds: effort.rounds, clock: effort.clock, models: [] };
  let seed = 1;
  const random = (): number => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
  await mkdir(folder, { recursive: true });
  for (const name of hostNames) {
    const host: Host = name === 'node' ? nodeHost() : await chromiumHost(models.map(({ path }) => path));
    results.hosts[host.name] = host.description;
    try {
      for (const model of models) {
        const result = await measureModel(host, model, choices, effort, random, say);
        results.models.push(result);
        clear();
        process.stdout.write(`${renderTable(summarise(result), result)}\n\n`);
        await writeFile(join(folder, 'results.json'), JSON.stringify(results));
        await writeFile(join(folder, 'index.html'), renderPage(results));
      }
    } finally {
      await host.close();
    }
  }
  process.stdout.write(`${renderComparison(results)}\n`);
  process.stderr.write(`wrote ${join(folder, 'index.html')} and results.json\n`);
}

type EngineName = EngineChoice['engine'];
const engineNames: EngineName[] = ['offramp', 'onnxruntime-web', 'tfjs', 'bare'];

function engineChoices(engine: EngineName, threads: number): EngineChoice[] {
  return engine === 'offramp' ? ['simd', 'relaxed-simd'].map((variant) => ({ engine, variant, threads })) : [{ engine, threads }];
}


function list<T extends string>(text: string | undefined, otherwise: readonly T[], known: readonly T[], option: string): T[] {
  return text === undefined ? [...otherwise] : text.split(',').map((word) => oneOf(word, known, option));
}

function oneOf<T extends string>(word: string, known: readonly T[], option: string): T {
  const found = known.find((candidate) => candidate === word);
  if (found === undefined) throw new Error(`--${option}: "${word}" is not one of ${known.length > 20 ? `${known[0]} to ${known[known.length - 1]}` : known.join(', ')}`);
  return found;
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
}

function clear(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}

const [first, ...rest] = process.argv.slice(2);
const parts = new Map([['scale', scale], ['serve', serve], ['links', links], ['page', page]]);
(parts.get(first ?? '')?.(rest) ?? main()).catch((thrown: unknown) => {
  clear();
  process.stderr.write(`bench: error: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
});
