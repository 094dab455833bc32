// Data that are odd but allowed: the command says what is odd, on standard error and in the JSON, and goes on to a package.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { bottleneckResnet, featureCount } from '../bench/scale/bottleneck_resnet.js';
import { writeOnnx } from '../bench/scale/onnx_writer.js';
import { Random } from '../bench/scale/random.js';
import { exampleModel, offramp, squares, temporaryFolder, writeSquares } from './command.js';
import { encodeNpy } from './npy_writer.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const select = writeSquares(at('select.npz'), 100, 2);
const held = writeSquares(at('test.npz'), 100, 3);

function writeRows(name: string, x: Uint8Array, y: Uint8Array, shape = [28, 28]): string {
  writeFileSync(at(name), zipSync({ 'x.npy': encodeNpy('|u1', [y.length, ...shape], x), 'y.npy': encodeNpy('|u1', [y.length], y) }, { level: 1 }));
  return at(name);
}

interface Report {
  remarks: string[];
  base: { accuracy: number };
  plan: { accuracy: number; exits: unknown[]; class_recall_change_pp: (number | null)[] };
}

/** Augments, with every remark on standard error as in the JSON. */
async function augment(data: string, model = exampleModel, more: string[] = ['--select', select, '--test', held]): Promise<Report> {
  const output = at('out.offramp');
  const { code, out, err } = await offramp('augment', model, '--data', data, ...more, '--epochs', '1', '-o', output, '--json');
  assert.equal(code, 0, err);
  assert.ok(existsSync(output));
  const report = JSON.parse(out) as Report;
  for (const remark of report.remarks) assert.ok(err.includes(`offramp: ${remark}\n`), `${remark}\nis not in\n${err}`);
  assert.ok(Number.isFinite(report.plan.accuracy));
  return report;
}

const found = (report: Report, part: string): string[] => report.remarks.filter((remark) => remark.includes(part));

test('a class that a part lacks is named', async () => {
  const { x, y } = squares(200, 1);
  const kept = [...y.keys()].filter((row) => y[row] !== 7);
  const report = await augment(writeRows('seven.npz', Buffer.concat(kept.map((row) => x.subarray(row * 784, (row + 1) * 784))), Uint8Array.from(kept, (row) => y[row] as number)));
  assert.deepEqual(found(report, 'class'), ['no train rows of class 7: heads cannot learn it', ...found(report, 'the model is right')]);
});

test('rows of one part that stand in another too are counted', async () => {
  const { x, y } = squares(100, 3); // of the test rows
  const report = await augment(writeRows('leak.npz', Buffer.concat([squares(100, 9).x, x.subarray(0, 30 * 784)]), Uint8Array.from([...squares(100, 9).y, ...y.subarray(0, 30)])));
  assert.deepEqual(found(report, 'byte for byte'), ['30 of 100 test rows are train rows too, byte for byte: figures are better than on new data']);
});

test('a model no better than always giving one answer is told plainly, and still gets a package', async () => {
  const { x, y } = squares(100, 3);
  const wrong = writeRows('wrong.npz', x, y.map((label) => (label < 5 ? 0 : 9 - label)));
  const report = await augment(writeSquares(at('train.npz'), 120, 1), exampleModel, ['--select', select, '--test', wrong]);
  assert.match(found(report, 'the model is right').join(), /^the model is right on [\d.]+ % of the test rows, no more than always answering class 0 would be \(60\.0 %\): check the preprocessing/);
});

test('samples that are all the same: nothing can be learnt, nothing breaks', async () => {
  const report = await augment(writeRows('same.npz', new Uint8Array(100 * 784).fill(9), squares(100, 1).y));
  assert.deepEqual(found(report, 'same sample'), ['all 100 train rows hold the same sample: nothing tells classes apart']);
});

test('pixels that never change, in every part', async () => {
  const halved = (rows: number, seed: number): Uint8Array => squares(rows, seed).x.map((value, index) => (index % 784 < 392 ? 0 : value));
  const parts = ([['a', 120, 1], ['b', 100, 2], ['c', 100, 3]] as const).map(([name, rows, seed]) => writeRows(`half_${name}.npz`, halved(rows, seed), squares(rows, seed).y));
  await augment(parts[0] as string, exampleModel, ['--select', parts[1] as string, '--test', parts[2] as string]);
});

test('three rows are too few, said with what is needed', async () => {
  const { x, y } = squares(3, 1);
  const { code, err } = await offramp('augment', exampleModel, '--data', writeRows('three.npz', x, y), '--select', select, '--test', held, '-o', at('three.offramp'));
  assert.equal(code, 3, err);
  assert.match(err, /\nofframp: error: at least 20 train rows are needed, got 3\n$/);
  const alone = await offramp('augment', exampleModel, '--data', at('three.npz'), '-o', at('three.offramp'));
  assert.equal(alone.code, 3, alone.err);
  assert.match(alone.err, /offramp: error: .*3 rows/);
  assert.ok(!existsSync(at('three.offramp')));
});

test('10,000 classes', { timeout: 300_000 }, async () => {
  const shape = { blocks: [1, 1], width: 4, side: 8, classes: 10_000 };
  const random = new Random(1);
  const classifier = { weight: random.normals(shape.classes * featureCount(shape), 1), bias: new Float32Array(shape.classes) };
  writeFileSync(at('many.onnx'), writeOnnx(bottleneckResnet(shape, 1, classifier)));
  const rows = (name: string, count: number): string => {
    const x = Uint8Array.from({ length: count * 192 }, () => Math.floor(256 * random.uniform()));
    const y = Uint16Array.from({ length: count }, () => Math.floor(shape.classes * random.uniform()));
    writeFileSync(at(name), zipSync({ 'x.npy': encodeNpy('|u1', [count, 3, 8, 8], x), 'y.npy': encodeNpy('<u2', [count], new Uint8Array(y.buffer)) }, { level: 1 }));
    return at(name);
  };
  const report = await augment(rows('many_train.npz', 100), at('many.onnx'), ['--select', rows('many_select.npz', 60), '--test', rows('many_test.npz', 60)]);
  assert.equal(report.plan.class_recall_change_pp.length, 10_000);
  assert.match(found(report, 'no train rows')[0] as string, /^no train rows of classes \d+, \d+, \d+, \d+, \d+ and 1\d\d more: heads cannot learn them$/);
  assert.equal(found(report, 'the model is right').length, 1);
});
