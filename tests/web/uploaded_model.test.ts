// The whole path with a model and pictures of the user's own: resnet20.onnx and zips of CIFAR-10 pictures in class folders, whose
// preprocessing nobody told. What comes out is Node's to check.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { evaluateModel, readDataset, sliceDataset, unzipPackage, type Dataset } from '@offramp/engine';
import { loadNodeEngine, openTree } from '@offramp/engine/node';
import { realData } from '../wasm/support/real_data.js';
import { openPage, pickFile } from './built_page.js';

const data = realData();

async function cifar(part: string, rows: number): Promise<Dataset> {
  const { tree, entry } = await openTree(data.path(`cifar10/resnet.${part}.json`));
  return sliceDataset(await readDataset(tree, entry), 0, rows);
}

/** As a user would have them: a PNG a row, in folders with the classes' names. */
function zipOfPictures({ x, y, labels }: Dataset): Uint8Array {
  const [, height, width, channels] = x.dims as [number, number, number, number];
  const each = height * width * channels;
  return zipSync(Object.fromEntries([...y].map((label, row) => [
    `pictures/${labels?.[label] ?? label}/${row}.png`, encode({ width, height, channels: channels as 3, depth: 8, data: x.data.slice(row * each, (row + 1) * each) }),
  ])), { level: 0 });
}

/** Returns when the rows are open. */
async function addSet(page: Page, label: string, set: Dataset): Promise<void> {
  await page.locator(`input[type=file][aria-label="${label}"]`).setInputFiles({ name: `${set.name}.zip`, mimeType: 'application/zip', buffer: Buffer.from(zipOfPictures(set)) });
  await page.getByText(`${set.name}.zip`, { exact: true }).waitFor({ timeout: 60_000 });
}

test('resnet20.onnx and pictures: the preprocessing is found, a plan is searched, and its package says under Node what the page said', { skip: !data.available, timeout: 600_000 }, async () => {
  const model = new Uint8Array(readFileSync(data.path('cifar10/resnet20.onnx')));
  const sets = { train: await cifar('train', 200), select: await cifar('select', 200), test: await cifar('test', 200) };
  const { page, problems } = await openPage();
  await pickFile(page, 'Model file', data.path('cifar10/resnet20.onnx'));
  await page.getByText('is ready for early exits').waitFor();
  await page.getByRole('button', { name: 'Go on to the data' }).click();
  await addSet(page, 'Labelled samples', sets.train);
  await page.getByText(/With pixels normalised as for ImageNet it scores (9\d|100)/).waitFor({ timeout: 120_000 });
  await page.getByRole('button', { name: 'Use that instead' }).click();
  await page.getByText(/^The model scores (9\d|100)/).waitFor({ timeout: 60_000 });
  await page.getByText('Was the model trained on these samples?').click();
  await addSet(page, 'Unseen samples', sets.select);
  await addSet(page, 'Test samples', sets.test);
  await page.getByRole('button', { name: 'Go on to the search' }).click();
  await page.getByText('Quick', { exact: true }).click();
  await page.getByRole('button', { name: 'Start the search' }).click();
  await page.getByRole('button', { name: 'Look at the plan' }).click({ timeout: 400_000 });
  const accuracy = parseFloat(await page.locator('dl.figures dd.value').first().textContent() ?? '');

  await page.getByRole('tab', { name: 'Run' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download: The package' }).click()]);
  const files = unzipPackage(new Uint8Array(readFileSync(await download.path())));
  const engine = await loadNodeEngine();
  try {
    const own = await evaluateModel(engine, { package: files }, sets.test);
    assert.equal(Math.round(1e4 * own.accuracy) / 100, accuracy);
    // The steps that were found are those the model was trained with.
    const told = await evaluateModel(engine, { model, preprocess: sets.test.preprocess ?? [] }, sets.test);
    assert.equal(own.base_accuracy, told.accuracy);
  } finally {
    engine.dispose();
  }
  assert.deepEqual(problems, []);
});
