// The first two steps of the page: what is said of models that cannot be used, how rows are read, and that a wrong preprocessing or
// numbering is noticed and mended.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { tensorOf, valueOf, writeOnnx } from '@offramp/engine/onnx';
import { bytesOf, npyFile, wavFile } from '../wasm/samples.js';
import { fashionRows } from '../wasm/support/fashion_mnist.js';
import { openPage, pickFile, type OpenedPage } from './built_page.js';

const modelPath = 'examples/fashion_mnist/base.onnx';
const folder = mkdtempSync(join(tmpdir(), 'offramp-page-'));
let opened: OpenedPage;
let page: Page;
before(async () => {
  opened = await openPage();
  page = opened.page;
});
beforeEach(() => opened.problems.splice(0));
after(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (name: string, bytes: Uint8Array) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
const visible = (text: string | RegExp): Promise<void> => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: 20_000 });

/** A model of MatMul and perhaps more, by its ends. */
function smallModel(inputs: readonly string[], outputs: readonly string[], op = 'Relu'): Uint8Array {
  return writeOnnx({
    irVersion: 8, opsets: new Map([['', 13]]), metadata: {},
    graph: {
      name: 'g', inputs: inputs.map((name) => valueOf(name, 'f32', ['N', 4])), outputs: outputs.map((name) => valueOf(name, 'f32', ['N', 3])),
      initializers: [tensorOf('w', new Float32Array(12), [4, 3])],
      nodes: [
        { name: 'sum', op: inputs.length > 1 ? 'Add' : 'Relu', domain: '', inputs: [...inputs], outputs: ['s'], attributes: [] },
        { name: 'product', op: 'MatMul', domain: '', inputs: ['s', 'w'], outputs: ['m'], attributes: [] },
        ...outputs.map((name) => ({ name: `to_${name}`, op, domain: '', inputs: ['m'], outputs: [name], attributes: [] })),
      ],
    },
  });
}

const refused: [string, Uint8Array, string, RegExp][] = [
  ['noise.onnx', Uint8Array.from({ length: 3000 }, (_, at) => (at * 7919) % 251), 'This is not an ONNX file, or it is damaged', /Export the trained model as ONNX/],
  ['empty.onnx', new Uint8Array(0), 'This is not an ONNX file, or it is damaged', /pick that file/],
  ['cut.onnx', new Uint8Array(readFileSync(modelPath)).subarray(0, 50_000), 'This is not an ONNX file, or it is damaged', /download it again/],
  ['zip.onnx', zipSync({ a: new Uint8Array(9) }), 'This is a zip file, not an ONNX model', /Unzip it/],
  ['two.onnx', smallModel(['a', 'b'], ['y']), 'The model has 2 inputs', /Export it again with a single input/],
  ['boxes.onnx', smallModel(['x'], ['boxes', 'scores']), 'This model finds objects; Offramp needs one that tells classes apart', /Pick a classifier/],
  ['odd.onnx', smallModel(['x'], ['y'], 'Bernoulli'), 'One part of the model does not run here', /another opset/],
];
for (const [name, bytes, title, remedy] of refused) {
  test(`${name}: ${title}`, async () => {
    await pickFile(page, 'Model file', fileOf(name, bytes));
    const alert = page.getByRole('alert').filter({ hasText: title });
    await alert.waitFor();
    assert.match(await alert.innerText(), remedy);
    assert.equal(await page.getByRole('tab', { name: 'Data' }).getAttribute('aria-disabled'), 'true');
  });
}

test('a file of 500 MB is not read', async () => {
  const path = join(folder, 'large.onnx');
  writeFileSync(path, '');
  truncateSync(path, 500 * 2 ** 20);
  await pickFile(page, 'Model file', path);
  await visible('This model is too large for a page');
});

test('a model is drawn as blocks with every exit point, and an operator tells its shape and cost', async () => {
  await pickFile(page, 'Model file', modelPath);
  await visible('is ready for early exits');
  assert.equal(await page.getByText(/^exit at /).count(), 10);
  await page.getByRole('button', { name: /Block 2/ }).click();
  await visible('/blocks/stage1_block1/Relu_1');
  await page.getByRole('button').filter({ has: page.locator('title', { hasText: '/blocks/stage1_block1/conv1/conv1.0/Conv' }) }).press('Enter');
  await visible('N × 16 × 28 × 28');
  await visible(/^1\s806\s336$/);
  await visible(/^2\s320$/); // 16 x 16 x 3 x 3 weights and 16 biases
  assert.deepEqual(opened.problems, []);
});

async function addData(...files: Parameters<Page['setInputFiles']>[1][]): Promise<void> {
  await page.getByRole('tab', { name: 'Data' }).click();
  const remove = page.getByRole('button', { name: /^Remove / });
  if (await remove.count() > 0) await remove.first().click();
  await page.locator('input[type=file][aria-label="Labelled samples"]').setInputFiles(files.flat() as string[]);
}

const { values, labels } = fashionRows('t10k', 0, 600);
const rows = { x: Uint8Array.from(values, (value) => Math.round(255 * value)), y: labels };
const zipOfPictures = (change: (name: string, pixels: Uint8Array) => Uint8Array = (_, png) => png): Uint8Array => zipSync(Object.fromEntries(Array.from({ length: 200 }, (_, row) => {
  const name = `garments/${rows.y[row]}/${row}.png`;
  return [name, change(name, encode({ width: 28, height: 28, channels: 1, depth: 8, data: rows.x.subarray(784 * row, 784 * (row + 1)) }))];
})));

test('a zip of class folders: samples, classes and parts are shown, and the model fits', async () => {
  await addData(fileOf('garments.zip', zipOfPictures()));
  await visible(/^The model scores (8|9)\d\.\d/);
  await visible('200 samples of 28 × 28, 10 classes');
  assert.equal(await page.getByRole('img', { name: /^Sample \d+/ }).count(), 24);
  await visible('train heads and choose thresholds');
  assert.deepEqual(opened.problems, []);
});

const badData: [string, () => Parameters<typeof addData>, RegExp][] = [
  ['a damaged zip', () => [fileOf('cut.zip', zipOfPictures().subarray(0, 9000))], /cut\.zip/],
  ['pictures of mixed sizes', () => [fileOf('mixed.zip', zipOfPictures((name, png) => (name.endsWith('/7.png') ? encode({ width: 30, height: 28, channels: 1, depth: 8, data: new Uint8Array(840) }) : png)))], /all pictures must have one size/],
  ['a CSV with holes', () => [fileOf('holes.csv', new TextEncoder().encode('a,b,label\n1,2,0\n3,,1\n'))], /line 3, column b: no value; fill the hole or drop the line/],
  ['labels past the outputs', () => [fileOf('x.npy', npyFile('|u1', [3, 28, 28], new Uint8Array(3 * 784))), fileOf('labels.npy', npyFile('<i4', [3], bytesOf(Int32Array.of(0, 1, 10))))], /row 2: label 10, but the model has 10 classes/],
  ['samples of another shape', () => [fileOf('x.npy', npyFile('|u1', [3, 20, 20], new Uint8Array(1200))), fileOf('y.npy', npyFile('<i4', [3], bytesOf(Int32Array.of(0, 1, 2))))], /samples have shape \[20, 20\], the model takes \[1, 28, 28\]/],
  ['arrays without a name for labels', () => [fileOf('a.npy', npyFile('|u1', [3], new Uint8Array(3))), fileOf('b.npy', npyFile('|u1', [3], new Uint8Array(3)))], /which of a\.npy, b\.npy holds the labels/],
];
for (const [what, files, says] of badData) {
  test(`${what}: told in plain words, with the place`, async () => {
    await addData(...files());
    const alert = page.getByRole('alert').filter({ visible: true, hasText: 'The data cannot be used as they are' });
    await alert.waitFor();
    await alert.locator('summary').click();
    assert.match(await alert.innerText(), says);
    assert.equal(await page.getByRole('tab', { name: 'Search' }).getAttribute('aria-disabled'), 'true');
  });
}

test('values already scaled to 0..255 as floats are noticed, and the offered fix mends it', async () => {
  const x = npyFile('<f4', [600, 28, 28], bytesOf(Float32Array.from(rows.x)));
  await addData(fileOf('x.npy', x), fileOf('y.npy', npyFile('<i4', [600], bytesOf(rows.y))));
  await visible(/is the preprocessing right\?/);
  await visible(/With pixels scaled to 0\.\.1 it scores 9\d/);
  await page.getByRole('button', { name: 'Use that instead' }).click();
  await visible(/^The model scores 9/);
  await visible('Divide by 255');
});

test('values that were normalised already are noticed', async () => {
  const x = npyFile('<f4', [600, 28, 28], bytesOf(values.map((value) => 2 * value - 1)));
  await addData(fileOf('x.npy', x), fileOf('y.npy', npyFile('<i4', [600], bytesOf(rows.y))));
  await visible(/With values from -1\.\.1 stretched to 0\.\.1 it scores 9\d/);
});

test('labels in another order than the model\'s outputs are noticed, and renumbered', async () => {
  await addData(fileOf('x.npy', npyFile('|u1', [600, 28, 28], rows.x)), fileOf('y.npy', npyFile('<i4', [600], bytesOf(rows.y.map((label) => (label + 3) % 10)))));
  await visible(/are the labels numbered as it counts them\?/);
  await page.getByRole('button', { name: 'Renumber the labels' }).click();
  await visible(/^The model scores 9/);
});

test('unseen and test samples are taken as they are', async () => {
  await page.getByText('Was the model trained on these samples?').click();
  const set = (from: number) => [fileOf('x.npy', npyFile('|u1', [100, 28, 28], rows.x.subarray(784 * from, 784 * (from + 100)))), fileOf('y.npy', npyFile('<i4', [100], bytesOf(rows.y.subarray(from, from + 100))))];
  await page.locator('input[type=file][aria-label="Unseen samples"]').setInputFiles(set(0));
  await visible('choose the thresholds');
  await page.locator('input[type=file][aria-label="Test samples"]').setInputFiles(set(100));
  await visible(/100 \(13\s%\) judge the result/);
});

/** From 784 samples of a sound to three classes. */
function soundModel(): Uint8Array {
  const random = (count: number): Float32Array => Float32Array.from({ length: count }, (_, at) => Math.sin(at * 7.1) / 20);
  return writeOnnx({
    irVersion: 8, opsets: new Map([['', 13]]), metadata: {},
    graph: {
      name: 'sounds', inputs: [valueOf('x', 'f32', ['N', 784])], outputs: [valueOf('y', 'f32', ['N', 3])],
      initializers: [tensorOf('a', random(784 * 16), [784, 16]), tensorOf('b', random(16 * 3), [16, 3])],
      nodes: [['MatMul', ['x', 'a'], 'h'], ['Relu', ['h'], 'r'], ['MatMul', ['r', 'b'], 'y']].map(([op, inputs, output]) => ({
        name: `to_${output as string}`, op: op as string, domain: '', inputs: inputs as string[], outputs: [output as string], attributes: [],
      })),
    },
  });
}

test('class folders of sounds: read, with their class names', async () => {
  const tone = (row: number): Uint8Array => wavFile({ bits: 16, rate: 8000 }, bytesOf(Int16Array.from({ length: 784 }, (_, at) => 9000 * Math.sin(at * (row % 3 + 1) / 20 + row))));
  await page.getByRole('tab', { name: 'Model' }).click();
  await pickFile(page, 'Model file', fileOf('sounds.onnx', soundModel()));
  await visible('is ready for early exits');
  await addData(fileOf('tones.zip', zipSync(Object.fromEntries(Array.from({ length: 36 }, (_, row) => [`tones/${['low', 'middle', 'high'][row % 3]}/${row}.wav`, tone(row)])))));
  await visible('36 samples of 784, 3 classes');
  for (const name of ['low', 'middle', 'high']) await visible(name);
  await addData(fileOf('odd.zip', zipSync({ 'tones/low/0.wav': tone(0), 'tones/high/1.wav': tone(1).subarray(0, 60) })));
  const alert = page.getByRole('alert').filter({ visible: true, hasText: 'The data cannot be used as they are' });
  await alert.locator('summary').click();
  assert.match(await alert.innerText(), /high\/1\.wav/);
});
