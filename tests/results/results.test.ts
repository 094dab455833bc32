// ./run results from end to end: a small model stands in for the real ones, with few rows; and kept results are used again.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { checkout, exampleModel, squares, temporaryFolder } from '../cli/command.js';
import { encodeNpy } from '../cli/npy_writer.js';
import type { Results } from './results.js';

const folder = temporaryFolder();
const data = join(folder, 'data/cifar10');
mkdirSync(data, { recursive: true });
copyFileSync(exampleModel, join(data, 'mlperf_resnet8.onnx'));
for (const [part, rows, seed] of [['train', 120, 1], ['select', 80, 2], ['test', 90, 3]] as const) {
  const { x, y } = squares(rows, seed);
  writeFileSync(join(data, `${part}_x.npy`), encodeNpy('|u1', [rows, 1, 28, 28], x));
  writeFileSync(join(data, `${part}_y.npy`), encodeNpy('|u1', [rows], y));
  writeFileSync(join(data, `mlperf.${part}.json`), JSON.stringify({ offramp_dataset: 1, x: `${part}_x.npy`, y: `${part}_y.npy`, preprocess: [{ op: 'scale', by: 1 / 255 }] }));
}

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [join(checkout, 'build/ts/tests/results/main.js'), '--data', join(folder, 'data'), ...args], { env: { ...process.env, OFFRAMP_DATA: '' } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }));
  });
}

test('every method is augmented, measured and written down; the second time nothing is', { timeout: 600_000 }, async () => {
  const output = join(folder, 'out');
  const args = ['--models', 'mlperf_resnet8,resnet56', '--rows', '80', '--epochs', '1', '--threads', '1', '-o', output];
  const { code, out, err } = await run(...args);
  assert.equal(code, 0, err);
  const results = JSON.parse(readFileSync(join(output, 'results.json'), 'utf8')) as Results;
  assert.deepEqual(results.left.map(({ title }) => title), ['Pictures, ResNet-56']);
  assert.match(results.left[0]?.why ?? '', /resnet56\.onnx is not there$/);
  const [model] = results.models;
  assert.deepEqual(model?.rows, { train: 80, select: 80, certify: model?.rows.certify, test: 80 });
  assert.ok(model.methods.length + model.left.length === 7 && model.methods.length >= 6);
  for (const row of model.methods) {
    const [low, high] = row.accuracyChange95Pp;
    assert.ok(low <= row.accuracyChangePp && row.accuracyChangePp <= high && low < high);
    assert.ok(Math.abs(row.accuracyChangePp - 100 * (row.accuracy - model.base.accuracy)) < 1e-9);
    assert.ok(Math.abs(100 * (row.meanMacs / model.base.macs - 1) - row.macsChangePct) < 1e-9);
    assert.ok(row.meanLatencyNs > 0 && Object.values(row.seconds).every((value) => value >= 0));
  }
  assert.deepEqual(results.verdicts, [], 'few rows judge no goal');
  assert.match(out, /^Pictures, ResNet-8: 80 train, 80 select, .*80 test rows\n +accuracy +change /);
  const { document } = parseHTML(readFileSync(join(output, 'index.html'), 'utf8'));
  assert.equal(document.querySelectorAll('h2').length, 3);

  const kept = statSync(join(output, 'mlperf_resnet8.json')).mtimeMs;
  const again = await run(...args);
  assert.equal(again.out, out);
  assert.equal(statSync(join(output, 'mlperf_resnet8.json')).mtimeMs, kept, 'what is kept was used');
});

for (const [args, message] of [
  [['--models', 'net'], '--models: "net" is not one of kws_arm_dscnn_l, kws_dscnn, ecg_ps_resnet1d, ecg_resnet1d, resnet56, mlperf_resnet8'],
  [['--rows', '3'], '--rows is a whole number from 40 to 10000000, not "3"'],
  [['--models', 'resnet56'], `none of the models is in ${join(folder, 'data')}; OFFRAMP_DATA or --data names the folder with the real data`],
] as const) {
  test(`./run results ${args.join(' ')}`, async () => {
    const { code, err } = await run(...args);
    assert.equal(code, 1);
    assert.equal(err, `results: error: ${message}\n`);
  });
}
