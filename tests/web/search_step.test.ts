// The search on the page: paused, left by a reload and gone on with, it comes to the plan that Node's engine finds with the same rows,
// options and seed; cancelled, it leaves nothing behind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { augmentModel, unzipPackage } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { launchAnother, openPage } from './built_page.js';
import { addSet, modelPath, openAll, sets } from './small_search.js';

const preprocess = [{ op: 'scale', by: 1 / 255 }, { op: 'reshape', shape: [-1, 1, 28, 28] }];

/** Small searches hurry through their steps: any of those with heads will do. */
const withHeads = (page: Page): Promise<void> => page.locator('li[aria-current=step]', { hasText: /Grade|Try kinds|Rank|Train|Judge the heads/ }).waitFor({ timeout: 120_000 });

test('paused, left by a reload and gone on with, a search comes to the plan that Node\'s engine finds', { timeout: 400_000 }, async () => {
  const { page, problems, url } = await openPage({ isolated: false });
  await openAll(page);
  await page.getByRole('button', { name: 'Start the search' }).click();
  await withHeads(page);
  await page.getByText(/^whole model \d/).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Go on', exact: true }).click();
  await page.getByText(/^Gone on from what was kept, at the step/).waitFor({ timeout: 60_000 });
  await withHeads(page);

  await page.reload();
  await page.getByText('A search for base.onnx was left in the middle').waitFor();
  await page.getByRole('button', { name: 'Go on with it' }).click();
  await page.getByText(/^Gone on from what was kept, at the step/).waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Look at the plan' }).waitFor({ timeout: 300_000 });
  await page.getByRole('tab', { name: 'Run' }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download: The package' }).click();
  const files = unzipPackage(new Uint8Array(readFileSync(await (await download).path())));
  assert.deepEqual(problems, []);

  const engine = await loadNodeEngine({ variant: 'simd' });
  const made = await augmentModel(engine, readFileSync(modelPath), { ...sets, said: [] }, { seed: 0, maxDropPp: 1, maxExits: 2, epochs: 3, preprocess });
  engine.dispose();
  const planOf = (packed: typeof files) => {
    const { exits, stages } = JSON.parse(new TextDecoder().decode(packed.find(({ name }) => name === 'manifest.json')?.bytes)) as { exits: unknown; stages: unknown };
    assert.ok(stages);
    return { exits, stages };
  };
  assert.deepEqual(planOf(files), planOf(made.files));
  for (const { name, bytes } of made.files) if (name !== 'manifest.json') assert.deepEqual(files.find((file) => file.name === name)?.bytes, bytes, name);

  await page.goto(url);
  await page.getByRole('tab', { name: 'Model' }).waitFor();
  await page.waitForTimeout(500);
  assert.equal(await page.getByText('left in the middle').count(), 0, 'what was kept is gone once the result is there');
});

/** Reading a file of that name does not begin before what is returned is called. */
async function holdBack(page: Page, name: string): Promise<() => Promise<void>> {
  await page.evaluate((wanted) => {
    const post = Worker.prototype.postMessage as (message: unknown) => void;
    const names = (value: unknown): boolean =>
      value instanceof File ? value.name === wanted : typeof value === 'object' && value !== null && Object.values(value).some(names);
    Worker.prototype.postMessage = function (message: unknown): void {
      if (!names(message)) return post.call(this, message);
      window.addEventListener('release', () => post.call(this, message), { once: true });
    };
  }, name);
  return () => page.evaluate(() => { window.dispatchEvent(new Event('release')); });
}

/** Waits until so many sessions are kept. */
async function kept(page: Page, count: number): Promise<void> {
  await page.waitForFunction((wanted) => new Promise<boolean>((done) => {
    interface Request<T> { result: T; onsuccess: () => void; onerror: () => void }
    interface Database { objectStoreNames: { length: number }; transaction(store: string): { objectStore(name: string): { count(): Request<number> } }; close(): void }
    const { indexedDB } = globalThis as unknown as { indexedDB: { open(name: string, version: number): Request<Database> } };
    const opening = indexedDB.open('offramp', 1);
    opening.onerror = () => done(false);
    opening.onsuccess = () => {
      const counting = opening.result.transaction('session').objectStore('session').count();
      counting.onsuccess = () => {
        opening.result.close();
        done(counting.result === wanted);
      };
    };
  }), count, { timeout: 60_000, polling: 250 });
}

test('a cancelled search leaves nothing behind', { timeout: 180_000 }, async () => {
  const { page, context } = await openPage({ isolated: false });
  await openAll(page);
  await page.getByRole('button', { name: 'Start the search' }).click();
  await withHeads(page);
  await kept(page, 1);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Start the search' }).waitFor();
  await kept(page, 0);
  await context.close();
});

test('where the browser\'s storage is full the search says so and goes on', { timeout: 120_000 }, async () => {
  const { page, context, url } = await openPage({ isolated: false });
  const storage = await context.newCDPSession(page);
  await storage.send('Storage.overrideQuotaForOrigin', { origin: new URL(url).origin, quotaSize: 1000 });
  await openAll(page);
  await page.getByRole('button', { name: 'Start the search' }).click();
  await page.getByText('Progress cannot be kept').waitFor({ timeout: 30_000 });
  await page.getByText('The browser\'s storage for this page is full. The search works; after a reload it would begin anew.').waitFor();
  await withHeads(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await context.close();
});

test('no search starts while samples are being read, which would end it', { timeout: 180_000 }, async () => {
  const { page, context } = await openPage({ isolated: false });
  await openAll(page);
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByRole('button', { name: 'Remove x.npy and 1 more' }).last().click();
  const release = await holdBack(page, 'more.zip');
  const picture = encode({ width: 28, height: 28, channels: 1, depth: 8, data: new Uint8Array(784).fill(7) });
  const more = zipSync(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`${at % 10}/${at}.png`, picture])), { level: 0 });
  await page.locator('input[type=file][aria-label="Test samples"]').setInputFiles([{ name: 'more.zip', mimeType: 'application/zip', buffer: Buffer.from(more) }]);
  await page.getByText(/^Reading more\.zip/).first().waitFor();
  await page.getByRole('tab', { name: 'Search' }).click();
  await page.getByText('The search can start when that is done.').waitFor();
  const start = page.getByRole('button', { name: 'Start the search' });
  assert.ok(await start.isDisabled());
  await release();
  await start.click();
  await withHeads(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await context.close();
});

// Of 64 KiB. With few the core is refused what it asks for and says so; with a little more the module is where it cannot go on, and ends.
for (const pages of [640, 720]) {
  test(`memory that is not enough for a search, ${pages} pages of it: said in plain words, with what to do, and the page lives on`, { timeout: 180_000 }, async () => {
    const browser = await launchAnother(`--js-flags=--wasm-max-mem-pages=${pages}`);
    try {
      const { page } = await openPage({ isolated: false, context: await browser.newContext() });
      await openAll(page);
      await page.getByRole('button', { name: 'Start the search' }).click();
      const alert = page.getByRole('alert').filter({ hasText: 'The memory was not enough' });
      await alert.waitFor({ timeout: 120_000 });
      assert.match(await alert.innerText(), /Close other tabs, or use fewer rows\. What was kept of a search is still there and it goes on from it\./);
      await page.getByRole('button', { name: 'Go on', exact: true }).waitFor();
      await page.getByRole('tab', { name: 'Data' }).click();
      await page.getByRole('button', { name: /^Remove / }).first().click();
      await addSet(page, 'Labelled samples', sets.test);
    } finally {
      await browser.close();
    }
  });
}
