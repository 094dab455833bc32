// Another plan of a search's front, looked at and taken on the page: its figures are those of its package, there and under Node.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { evaluateModel, unzipPackage, type Json } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { openPage } from './built_page.js';
import { openAll, sets } from './small_search.js';

async function figures(page: Page): Promise<{ accuracy: number; work: string }> {
  const values = await page.locator('dl.figures dd.value').allTextContents();
  return { accuracy: parseFloat(values[0] ?? ''), work: values[1] ?? '' };
}

async function taken(page: Page): Promise<ReturnType<typeof unzipPackage>> {
  await page.getByRole('tab', { name: 'Run' }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download: The package' }).click()]);
  return unzipPackage(new Uint8Array(readFileSync(await download.path())));
}

test('a plan that is picked keeps what it says, and the search\'s own choice is not lost', { timeout: 400_000 }, async () => {
  const { page, problems } = await openPage({ isolated: true });
  await openAll(page);
  await page.getByRole('button', { name: 'Start the search' }).click();
  await page.getByRole('button', { name: 'Look at the plan' }).click({ timeout: 300_000 });
  await page.getByRole('heading', { name: 'Where inputs leave' }).waitFor();
  const own = await figures(page);

  // The cheapest that is drawn.
  const slider = page.getByRole('slider');
  await slider.focus();
  await slider.press('Home');
  await page.locator('.follows[aria-busy=false]').waitFor();
  const cheap = await figures(page);
  assert.notEqual(cheap.work, own.work);
  const rates = await page.locator('.stage .out strong').allTextContents();
  assert.ok(Math.abs(rates.reduce((sum, rate) => sum + parseFloat(rate), 0) - 100) < 0.3, rates.join());
  await page.getByRole('button', { name: 'Use this plan' }).click();
  await page.getByText('The plan in use').waitFor({ timeout: 60_000 });
  assert.deepEqual(await figures(page), cheap);

  const files = await taken(page);
  const manifest = JSON.parse(new TextDecoder().decode(files.find(({ name }) => name === 'manifest.json')?.bytes)) as { evidence: { search: { rule: string } }; preprocess: Json[] };
  assert.equal(manifest.evidence.search.rule, 'picked');
  const engine = await loadNodeEngine();
  const { accuracy } = await evaluateModel(engine, { package: files }, sets.test);
  engine.dispose();
  assert.equal(Math.round(1e4 * accuracy) / 100, cheap.accuracy);
  // The search's test rows are at hand without being asked for.
  await page.getByRole('button', { name: 'Evaluate 120 rows' }).click();
  const cells = page.getByTestId('evaluation').locator('tbody tr').first().locator('td');
  await cells.first().waitFor({ timeout: 60_000 });
  assert.equal(parseFloat(await cells.nth(2).textContent() ?? ''), cheap.accuracy);

  await page.getByRole('tab', { name: 'Plan' }).click();
  await page.getByRole('button', { name: 'Take the search\'s choice again' }).click();
  await page.locator('.legend').getByText('The search\'s choice').waitFor();
  assert.deepEqual(await figures(page), own);
  assert.deepEqual(problems, []);
  await page.context().close();
});
