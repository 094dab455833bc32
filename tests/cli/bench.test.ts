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
  runs: number;
  threads: number;
  macs: number;
  p10_ns: number;
  median_ns: number;
  p90_ns: number;
  backend: string;
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

test('the MACs are those that inspect states, with the reference backend too', async () => {
  const { macs } = JSON.parse((await offramp('inspect', exampleModel, '--json')).out) as { macs: number };
  const report = await measured('--runs', '1', '--backend', 'reference');
  assert.equal(report.macs, macs);
  assert.equal(report.backend, 'reference');
});

test('text', async () => {
  const { code, out } = await offramp('bench', exampleModel, '--runs', '3');
  assert.equal(code, 0);
  assert.match(out, /base\.onnx: 20\.85 M MACs, xnnpack\n\n +median +p10 +p90 +runs +MAC\/s +first result\n\w+, 1 thread +[\d.]+ [mµ]?s .* 3 +[\d.]+ [GM] +[\d.]+ m?s\n$/);
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
  const manifest = (rates: unknown[]): { evidence: { plan: { exits: { exit_rate: never }[] } } } =>
    ({ evidence: { plan: { exits: rates.map((exit_rate) => ({ exit_rate: exit_rate as never })) } } });
  assert.deepEqual(exitShares(manifest([0.5, 0.25]), 3), [0.5, 0.25, 0.25]);
  assert.deepEqual(exitShares(manifest([1]), 2), [1, 0]);
  assert.equal(exitShares(manifest([0.5]), 3), undefined);
  assert.equal(exitShares(manifest(['x']), 2), undefined);
  assert.equal(exitShares(manifest([0.75, 0.75]), 3), undefined);
  assert.equal(exitShares({}, 2), undefined);
});
