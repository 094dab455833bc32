// The harness from end to end on the smallest model, one round: every engine runs, agrees and is written down. No time is asserted.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { checkout } from './checkout.js';
import { relativeDifference } from './measure.js';
import type { BenchResults } from './results.js';

const folder = mkdtempSync(join(tmpdir(), 'offramp-bench-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function bench(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(checkout, 'build/ts/tests/bench/main.js'), ...args], (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }));
  });
}

async function smoke(host: string): Promise<void> {
  const output = join(folder, host);
  const { code, out, err } = await bench('--quick', '--rounds', '1', '--models', 'fashion_mnist', '--hosts', host, '--threads', '1', '-o', output);
  assert.equal(code, 0, err);
  const results = JSON.parse(readFileSync(join(output, 'results.json'), 'utf8')) as BenchResults;
  assert.deepEqual(results.models.map((result) => result.host), [host]);
  const [result] = results.models;
  assert.deepEqual([...new Set(result?.engines.map(({ choice }) => choice.engine))], ['offramp', 'onnxruntime-web', 'tfjs', 'bare']);
  for (const { rounds, firstResultNs, id } of result?.engines ?? []) {
    assert.equal(rounds.length, 1, id);
    assert.ok(rounds.flat().every((ns) => ns > 0) && rounds.flat().length >= 3, id);
    assert.ok(firstResultNs.every((ns) => ns > 0) && firstResultNs.length === 2, id);
  }
  assert.match(out, /^Fashion-MNIST ResNet, \w+\n +median .*\nofframp \S+, 1 thread /);
  assert.match(readFileSync(join(output, 'index.html'), 'utf8'), /^<!doctype html>/);
}

test('Node', () => smoke('node'));

const chromium = existsSync(process.env['CHROMIUM'] ?? '/usr/bin/chromium');
if (!chromium && process.env['CI'] === 'true') throw new Error('CI demands Chromium: install Debian\'s package chromium');
test('Chromium', { skip: chromium ? false : 'Debian package chromium is not installed' }, () => smoke('chromium'));

test('difference of outputs: of the largest value, and never hidden by a NaN', () => {
  assert.ok(Math.abs(relativeDifference(Float32Array.of(1, -4), Float32Array.of(1, -5)) - 0.2) < 1e-9);
  assert.ok(Number.isNaN(relativeDifference(Float32Array.of(NaN, 1), Float32Array.of(1, 1))));
  assert.ok(Number.isNaN(relativeDifference(Float32Array.of(NaN, 1, 2), Float32Array.of(1, 1, 1))));
  assert.equal(relativeDifference(Float32Array.of(1), Float32Array.of(1, 1)), Infinity);
});

for (const [args, message] of [
  [['--models', 'net'], '--models: "net" is not one of'],
  [['--hosts', 'safari'], '--hosts: "safari" is not one of node, chromium'],
  [['--rounds', '0'], '--rounds: "0" is not one of 1 to 1000'],
  [['--hosts', 'chromium', '--clock', 'cpu'], '--clock cpu: only Node tells a process\'s own time'],
] as const) {
  test(`./run bench ${args.join(' ')}`, async () => {
    const { code, err } = await bench(...args);
    assert.equal(code, 1);
    assert.ok(err.startsWith(`bench: error: ${message}`), err);
  });
}
