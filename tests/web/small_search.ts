// A search on the page that takes seconds: few rows of Fashion-MNIST as files, and the way to its start.
import type { Page } from 'playwright-core';
import { toRawTensor, type Dataset } from '@offramp/engine';
import { bytesOf, npyFile } from '../wasm/samples.js';
import { fashionRows } from '../wasm/support/fashion_mnist.js';
import { pickFile } from './built_page.js';

export const modelPath = 'examples/fashion_mnist/base.onnx';

function rowsOf(name: string, set: 'train' | 't10k', begin: number, end: number): Dataset {
  const { values, labels } = fashionRows(set, begin, end);
  return { name, x: toRawTensor(Uint8Array.from(values, (value) => Math.round(255 * value)), [end - begin, 28, 28]), y: labels };
}
export const sets = { train: rowsOf('train', 'train', 0, 160), select: rowsOf('select', 'train', 50_000, 50_120), test: rowsOf('test', 't10k', 0, 120) };

export async function addSet(page: Page, label: string, set: Dataset): Promise<void> {
  const file = (name: string, bytes: Uint8Array) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });
  await page.locator(`input[type=file][aria-label="${label}"]`).first().setInputFiles([
    file('x.npy', npyFile('|u1', set.x.dims, set.x.data)), file('y.npy', npyFile('<i4', [set.y.length], bytesOf(set.y))),
  ]);
  await page.getByText(/The model scores|Your model scores/).first().waitFor({ timeout: 60_000 });
}

/** At the search step, with the quick effort chosen. */
export async function openAll(page: Page): Promise<void> {
  await pickFile(page, 'Model file', modelPath);
  await page.getByText('is ready for early exits').waitFor();
  await page.getByRole('tab', { name: 'Data' }).click();
  await addSet(page, 'Labelled samples', sets.train);
  await page.getByText('Was the model trained on these samples?').click();
  await addSet(page, 'Unseen samples', sets.select);
  await addSet(page, 'Test samples', sets.test);
  await page.getByRole('button', { name: 'Go on to the search' }).click();
  await page.getByText('Quick', { exact: true }).click();
}
