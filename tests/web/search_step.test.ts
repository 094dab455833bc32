// The search on the page: paused, left by a reload and gone on with, it comes to the plan that Node's engine finds with the same rows,
// options and seed; cancelled, it leaves nothing behind.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { augmentModel, unzipPackage } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { openPage } from './built_page.js';
import { modelPath, openAll, sets } from './small_search.js';

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

test('a cancelled search leaves nothing behind, and a search works where nothing can be kept', { timeout: 120_000 }, async () => {
  const { page, context } = await openPage({ isolated: false });
  await openAll(page);
  await page.getByRole('button', { name: 'Start the search' }).click();
  await page.locator('li[aria-current=step]').waitFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Start the search' }).waitFor();
  const left = await page.evaluate(() => new Promise<number>((done, fail) => {
    const { indexedDB } = globalThis as unknown as { indexedDB: { open(name: string): { result: { transaction(stores: string[]): { objectStore(name: string): { count(): { result: number; onsuccess: () => void } } } }; onsuccess: () => void; onerror: () => void } } };
    setTimeout(() => {
      const request = indexedDB.open('offramp');
      request.onerror = () => fail(new Error('no database'));
      request.onsuccess = () => {
        const count = request.result.transaction(['session', 'progress']).objectStore('session').count();
        count.onsuccess = () => done(count.result);
      };
    }, 1500);
  }));
  assert.equal(left, 0);
  await context.close();
});
