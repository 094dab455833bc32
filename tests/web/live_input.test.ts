// Live input of the synthetic examples: a made-up record that plays, made-up whistles, and the microphone and camera (Chromium's own, which beep and blink).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { augmentModel, type Json } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { syntheticTasks } from '../../web/src/examples/load_example.js';
import { makeRows, partGroups, type SyntheticTask } from '../../web/src/examples/synthetic.js';
import { stagedPackage } from '../serve/staged_package.js';
import { writePackage } from '../serve/serving.js';
import { openPage, pickFile } from './built_page.js';

/** A package that is made in seconds: of few rows, with heads that learnt for one epoch. */
async function quickPackage(name: 'whistles' | 'heartbeats'): Promise<string> {
  const task = syntheticTasks[name] as SyntheticTask;
  const part = (key: keyof typeof partGroups, count: number) => makeRows(task, key, { ...partGroups[key], count });
  const data = { train: await part('train', 20), select: await part('select', 12), test: await part('test', 6) };
  const engine = await loadNodeEngine();
  const { files } = await augmentModel(engine, readFileSync(`examples/synthetic/${name}.onnx`), data,
    { preprocess: data.train.preprocess as Json[], labels: [...task.labels], epochs: 1, maxDropPp: 20, maxExits: 1 });
  engine.dispose();
  return writePackage(files);
}

async function openRun(path: string, permissions: readonly string[] = ['microphone']): Promise<{ page: Page; problems: string[] }> {
  const { page, problems, context } = await openPage();
  await context.grantPermissions([...permissions]);
  await pickFile(page, 'Package', path);
  await page.getByRole('heading', { name: 'Where inputs leave' }).waitFor();
  await page.getByRole('tab', { name: 'Run' }).click();
  return { page, problems };
}

/** Until so many inputs have been answered. */
async function answered(page: Page, count: number): Promise<void> {
  await page.waitForFunction((least) => Number(document.querySelector('[data-testid=tally] dd')?.textContent ?? 0) >= least, count);
}

test('the camera: frame after frame is answered until it is stopped, and words where it is not allowed', async () => {
  const engine = await loadNodeEngine();
  const path = writePackage(await stagedPackage(engine));
  engine.dispose();
  const { page, problems } = await openRun(path, ['camera']);
  await page.getByRole('radio', { name: 'Camera' }).check({ force: true });
  await page.getByRole('button', { name: 'Start the camera' }).click();
  await answered(page, 5);
  // What the model sees is the picture: neither empty nor of one shade.
  const shades = await page.locator('.camera canvas').evaluate((canvas) => new Set((canvas as unknown as Canvas).getContext('2d').getImageData(0, 0, 28, 28).data).size);
  assert.ok(shades > 4, `${shades} shades`);
  await page.getByRole('button', { name: 'Stop the camera' }).click();
  await page.getByRole('button', { name: 'Start the camera' }).waitFor();
  assert.deepEqual(problems, []);
  await page.evaluate(() => {
    const { navigator } = globalThis as unknown as { navigator: { mediaDevices: { getUserMedia: unknown } } };
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('denied', 'NotAllowedError'));
  });
  await page.getByRole('button', { name: 'Start the camera' }).click();
  await page.getByText('The camera was not allowed. Allow it in the browser\'s address bar, then try again.').waitFor();
  await page.context().close();
});

interface Canvas {
  getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray } };
}

test('a record plays beat by beat, each marked with its exit, until it is stopped', async () => {
  const { page, problems } = await openRun(await quickPackage('heartbeats'));
  await page.getByRole('button', { name: 'Play the record' }).click();
  await answered(page, 6);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Play the record' }).waitFor();
  assert.ok(await page.locator('svg circle').count() >= 4);
  await page.getByRole('button', { name: 'Another patient' }).click();
  await page.getByRole('img', { name: 'Record of patient 2, beat 1 of 60' }).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('made-up whistles are answered one by one, the microphone again and again', async () => {
  const { page, problems } = await openRun(await quickPackage('whistles'));
  for (const [at, tune] of ['rise', 'fall', 'trill'].entries()) {
    await page.getByRole('button', { name: tune, exact: true }).click();
    await answered(page, at + 1);
  }
  await page.getByText(`Its label is trill`).waitFor();
  await page.getByRole('button', { name: 'Listen to the microphone' }).click();
  await answered(page, 6);
  await page.getByRole('button', { name: 'Stop listening' }).click();
  assert.deepEqual(problems, []);
  await page.context().close();
});
