// augment --targets: presets and files, what is told and packaged, and what is refused.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unzipPackage } from '@offramp/engine';
import { exampleModel, offramp, temporaryFolder, writeSquares } from './command.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const data = ['--data', writeSquares(at('train.npz'), 200, 1), '--select', writeSquares(at('select.npz'), 100, 2), '--test', writeSquares(at('test.npz'), 100, 3)];
const augment = (...args: string[]): string[] => ['augment', exampleModel, ...data, '--epochs', '2', '--max-drop', '20', '-o', at('out.offramp'), ...args];

interface Part { target: string; from: number; to: number }
interface Told {
  plan: { mapping: Part[]; mapped: { expected_latency_ns: number; worst_case_latency_ns: number; link_bytes: number; targets: { measured: boolean }[] }; stage_latency_ns: number[] };
}

test('a preset: stages on targets, measured and stated speeds, and the package says the same', async () => {
  const { code, out, err } = await offramp(...augment('--targets', 'browser-fog', '--cost', 'latency', '--json'));
  assert.equal(code, 0, err);
  const { plan } = JSON.parse(out) as Told;
  assert.deepEqual(plan.mapping.map(({ target }) => target), ['browser', 'fog']);
  assert.deepEqual(plan.mapped.targets.map(({ measured }) => measured), [true, false]);
  assert.ok(plan.mapped.expected_latency_ns > 0 && plan.mapped.expected_latency_ns <= plan.mapped.worst_case_latency_ns);
  const files = unzipPackage(readFileSync(at('out.offramp')));
  const manifest = JSON.parse(new TextDecoder().decode(files.find(({ name }) => name === 'manifest.json')?.bytes)) as { stages: unknown[]; mapping: Part[]; links: unknown[] };
  assert.deepEqual(manifest.mapping, plan.mapping);
  assert.equal(manifest.links.length, 1);
  assert.equal(plan.mapping.at(-1)?.to, manifest.stages.length);
  assert.equal(plan.stage_latency_ns.length, manifest.stages.length);
});

const oneTarget = (memory: number): string => {
  const path = at(`memory_${memory}.json`);
  writeFileSync(path, JSON.stringify({ targets: [{ name: 'chip', kind: 'device', macs_per_s: 1e8, memory_bytes: memory }] }));
  return path;
};

test('a file: text for people', async () => {
  const { code, out, err } = await offramp(...augment('--targets', oneTarget(1e8)));
  assert.equal(code, 0, err);
  assert.match(out, /^targets\ntarget +stages +memory +speed .*\nchip +1( to \d)? +[\d,]+ KiB +stated\b/m);
  assert.match(out, /^expected latency .+, at worst .+; energy .+, 0\.000 bytes over links, per sample$/m);
});

test('what cannot be met: exit code 4, with the nearest', async () => {
  for (const [args, message] of [
    [['--targets', oneTarget(1000)], /no cut of the model fits the targets' memory: the nearest \(chip: input to output\) needs \d+ bytes on chip, which has 1000; raise memory_bytes/],
    [['--targets', oneTarget(1e8), '--max-latency', '0.001'], /no mapping keeps the worst case within 0\.001 ms: the nearest \(chip: input to output\) takes /],
  ] as const) {
    const { code, err } = await offramp(...augment(...args));
    assert.equal(code, 4, err);
    assert.match(err, message);
  }
});

test('unknown targets: the known ones are named', async () => {
  const { code, err } = await offramp(...augment('--targets', 'two-mcu'));
  assert.equal(code, 2, err);
  assert.match(err, /unknown targets "two-mcu"; known are two-mcus, phone-edge-cloud, browser-fog; did you mean two-mcus\?/);
  const missing = await offramp(...augment('--targets', at('none.json')));
  assert.equal(missing.code, 2, missing.err);
  assert.match(missing.err, /none\.json: it does not exist/);
});
