// offramp bench on a model: its JSON, its text and what it refuses. Nothing is said about how long anything takes.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { exitShares } from 'offramp/bench_text';
import { checkout, exampleModel, offramp, temporaryFolder } from './command.js';

const folder = temporaryFolder();

interface Report {
  variant: string;
  runs: number;
  threads: number;
  macs: number;
  p10_ns: number;
  median_ns: number;
  p90_ns: number;
  backend: string;
  profile?: { node: string; op: string; kernel: string; median_ns: number; share: number; macs: number }[];
  configurations: Omit<Report, 'configurations'>[];
}

async function measured(...args: string[]): Promise<Report> {
  const { code, out, err } = await offramp('bench', exampleModel, '--json', ...args);
  assert.equal(code, 0, err);
  const report = JSON.parse(out) as Report;
  const validate = new Ajv().compile(JSON.parse(readFileSync(join(checkout, 'tests/cli/schemas/bench.json'), 'utf8')) as object);
  assert.ok(validate(report), JSON.stringify(validate.errors, null, 1));
  return report;
}

test('JSON: as many runs as asked for, ordered percentiles, and the first configuration at the top', async () => {
  const { configurations, ...first } = await measured('--runs', '7');
  assert.equal(first.runs, 7);
  assert.equal(first.threads, 1);
  assert.ok(first.p10_ns <= first.median_ns && first.median_ns <= first.p90_ns);
  assert.deepEqual(configurations, [first]);
});

test('several numbers of threads: one configuration each, in the order asked for', async () => {
  const { configurations } = await measured('--runs', '2', '--threads', '2,1', '--variant', 'simd');
  assert.deepEqual(configurations.map(({ variant, threads, runs }) => [variant, threads, runs]), [['simd-threads', 2, 2], ['simd', 1, 2]]);
});

test('more threads than any host is given are refused', async () => {
  const { code, err } = await offramp('bench', exampleModel, '--threads', '65');
  assert.equal(code, 2);
  assert.equal(err, 'offramp: error: --threads is a list of whole numbers from 1 to 64 such as 1,2, not "65"\n');
});

test('the MACs are those that inspect states, with the reference backend too', async () => {
  const { macs } = JSON.parse((await offramp('inspect', exampleModel, '--json')).out) as { macs: number };
  const report = await measured('--runs', '1', '--backend', 'reference');
  assert.equal(report.macs, macs);
  assert.equal(report.backend, 'reference');
});

test('profile: every node that costs MACs is a step, and the shares are of all steps', async () => {
  for (const [backend, kernels] of [['xnnpack', ['xnnpack', 'own', 'reference']], ['reference', ['reference']]] as const) {
    const { profile, macs } = await measured('--runs', '2', '--profile', '--backend', backend);
    assert.equal(profile?.reduce((sum, step) => sum + step.macs, 0), macs);
    assert.ok(Math.abs((profile?.reduce((sum, step) => sum + step.share, 0) ?? 0) - 1) < 1e-9);
    for (const { kernel } of profile ?? []) assert.ok((kernels as readonly string[]).includes(kernel), kernel);
    assert.ok(profile?.some(({ op, median_ns }) => op.startsWith('Conv') && median_ns > 0));
  }
  assert.equal((await measured('--runs', '1')).profile, undefined);
});

test('profile: text, the slowest first', async () => {
  const { out } = await offramp('bench', exampleModel, '--runs', '2', '--profile');
  const [head, ...rows] = (out.split(/\nnodes, \S+, 1 thread\n/)[1] ?? '').split('\n');
  assert.match(head ?? '', /^node +op +kernel +median +share +MACs +MAC\/s$/);
  const shares = rows.map((row) => Number(/ ([\d.]+) % /.exec(row)?.[1])).filter((share) => !Number.isNaN(share));
  assert.ok(shares.length >= 10);
  assert.deepEqual(shares, [...shares].sort((a, b) => b - a));
});

test('text', async () => {
  const { code, out } = await offramp('bench', exampleModel, '--runs', '3');
  assert.equal(code, 0);
  assert.match(out, /base\.onnx: 20\.85 M MACs, xnnpack\n\n +median +p10 +p90 +runs +MAC\/s +first result\n\S+, 1 thread +[\d.]+ [mµ]?s .* 3 +[\d.]+ [GM] +[\d.]+ m?s\n$/);
});

test('what is no model is refused by name', async () => {
  const path = join(folder, 'no_model.onnx');
  writeFileSync(path, 'not a model');
  const { code, out, err } = await offramp('bench', path);
  assert.equal(code, 3);
  assert.equal(out, '');
  assert.match(err, /^offramp: error: .*no_model\.onnx > loading the model/);
});

test('exit shares: the last stage gets the rest; manifests that do not tell give none', () => {
  const shares = (manifest: unknown): number[] | undefined => exitShares([{ name: 'manifest.json', bytes: new TextEncoder().encode(JSON.stringify(manifest)) }]);
  const exits = (...rates: unknown[]): object => ({ evidence: { plan: { exits: rates.map((exit_rate) => ({ exit_rate })) } } });
  assert.deepEqual(shares(exits(0.5, 0.25)), [0.5, 0.25, 0.25]);
  assert.deepEqual(shares(exits(1)), [1, 0]);
  assert.equal(shares(exits('x')), undefined);
  assert.equal(shares(exits(0.75, 0.75)), undefined);
  assert.equal(shares({}), undefined);
  assert.equal(exitShares([]), undefined);
});
