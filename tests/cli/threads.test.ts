// --threads and --variant of commands that run: the plan and the answers are the same for every number of threads, and
// relaxed SIMD runs where the host has it and is refused where it has not.
import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { detectFeatures, unzipPackage } from '@offramp/engine';
import { relaxedSimdFlags } from '../wasm/support/relaxed_simd.js';
import { exampleModel, mainScript, offramp, temporaryFolder, writeSquares } from './command.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const train = writeSquares(at('train.npz'), 200, 1);
const select = writeSquares(at('select.npz'), 100, 2);
const held = writeSquares(at('test.npz'), 100, 3);

async function succeed(...args: string[]): Promise<string> {
  const { code, out, err } = await offramp(...args);
  assert.equal(code, 0, err);
  return out;
}

function augment(threads: number): Promise<string> {
  return succeed('augment', exampleModel, '--data', train, '--select', select, '--test', held, '--epochs', '1', '--max-drop', '20',
    '--threads', String(threads), '-o', at(`${threads}.offramp`), '--json');
}

/** Without what was timed. */
function untimed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untimed);
  if (typeof value !== 'object' || value === null) return value;
  const timed = (key: string): boolean => key.endsWith('_ns') || key === 'seconds';
  return Object.fromEntries(Object.entries(value).filter(([key]) => !timed(key)).map(([key, inner]) => [key, untimed(inner)]));
}

function contents(path: string): unknown {
  return unzipPackage(readFileSync(path)).map(({ name, bytes }) =>
    [name, name.endsWith('.json') ? untimed(JSON.parse(Buffer.from(bytes).toString())) : Buffer.from(bytes).toString('base64')]);
}

const reports: unknown[] = [];
before(async () => {
  for (const threads of [1, 2]) reports.push(untimed(JSON.parse(await augment(threads))));
});

test('augment: one and two threads give the same plan, report and package', () => {
  const [one, two] = reports as { plan: { exits: unknown[] } }[];
  assert.ok(one !== undefined && one.plan.exits.length > 0, 'a plan with exits');
  assert.deepEqual(two, one);
  assert.deepEqual(contents(at('2.offramp')), contents(at('1.offramp')));
});

test('evaluate and run: one, two and three threads give the same answers', async () => {
  const commands = [
    ['evaluate', at('1.offramp'), '--data', held, '--rows', '40', '--json'],
    ['run', at('1.offramp'), '--input', at('sample.json'), '--json'],
  ];
  writeFileSync(at('sample.json'), JSON.stringify(Array.from({ length: 28 }, (_, row) => Array.from({ length: 28 }, (_, column) => (row * column) % 256))));
  for (const command of commands) {
    const expected = untimed(JSON.parse(await succeed(...command)));
    for (const options of [['--threads', '2'], ['--threads', '3'], ['--threads', '2', '--variant', 'auto'], ['--variant', 'simd']]) {
      assert.deepEqual(untimed(JSON.parse(await succeed(...command, ...options))), expected, [...command, ...options].join(' '));
    }
  }
});

test('relaxed SIMD: runs where the host has it, and elsewhere is refused with what to do', () => {
  const said = (flags: string[], ...args: string[]): SpawnSyncReturns<string> =>
    spawnSync(process.execPath, [...flags, mainScript, ...args, '--variant', 'relaxed-simd', '--json'], { encoding: 'utf8' });
  const timed = said(relaxedSimdFlags(), 'bench', exampleModel, '--runs', '1', '--threads', '2');
  assert.equal(timed.status, 0, timed.stderr);
  assert.equal((JSON.parse(timed.stdout) as { variant: string }).variant, 'relaxed-simd-threads');
  const evaluate = ['evaluate', at('1.offramp'), '--data', held, '--rows', '40'];
  const relaxed = said(relaxedSimdFlags(), ...evaluate);
  assert.equal(relaxed.status, 0, relaxed.stderr);
  assert.equal((JSON.parse(relaxed.stdout) as { samples: number }).samples, 40);
  if (detectFeatures().relaxedSimd) return;
  const refused = said([], ...evaluate);
  const message = 'this host\'s WebAssembly has no relaxed SIMD; Node 22 and Chromium have it, and the variant "simd" runs everywhere';
  assert.equal(refused.status, 3);
  assert.equal(refused.stderr, `offramp: error: ${message}\n`);
  assert.deepEqual(JSON.parse(refused.stdout), { error: { code: 'unsupported', message, context: [] } });
});
