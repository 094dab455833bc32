// The page in Debian's Firefox, over WebDriver BiDi by puppeteer-core: this device measured, a package opened, and the whole path of an example.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';
import { loadNodeEngine } from '@offramp/engine/node';
import { stagedPackage } from '../serve/staged_package.js';
import { writePackage } from '../serve/serving.js';
import { serveBuiltPage } from './built_page.js';

const executablePath = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';
const skip = existsSync(executablePath) ? false : `no Firefox at ${executablePath}`;
const limitMs = 60_000;
const searchMs = 300_000; // a minute on two cores of its own
let browser: Promise<Browser> | undefined;
after(async () => (await browser)?.close());

interface Opened {
  page: Page;
  problems: string[];
}

async function open(isolated: boolean): Promise<Opened> {
  browser ??= puppeteer.launch({ browser: 'firefox', executablePath, headless: true, timeout: limitMs, protocolTimeout: limitMs });
  const page = await (await browser).newPage();
  page.setDefaultTimeout(limitMs);
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (thrown) => problems.push(String(thrown)));
  await page.goto((await serveBuiltPage(isolated)).url);
  await page.waitForSelector('#tab-model');
  return { page, problems };
}

async function pick(page: Page, label: string, path: string): Promise<void> {
  const input = await page.waitForSelector(`input[type=file][aria-label="${label}"]`) as ElementHandle<HTMLInputElement>;
  await input.uploadFile(path);
}

/** Until the text is there; else what is there instead is told. */
async function shown(page: Page, text: string): Promise<void> {
  try {
    await page.waitForFunction((wanted) => document.querySelector('main')?.innerText.includes(wanted), {}, text);
  } catch (thrown) {
    throw new Error(`"${text}" did not appear; the page says: ${await page.evaluate(() => document.querySelector('main')?.innerText.slice(0, 600))}`, { cause: thrown });
  }
}

for (const isolated of [true, false]) {
  test(`Firefox, ${isolated ? '' : 'not '}isolated: a model is read and this device measured`, { skip }, async () => {
    const { page, problems } = await open(isolated);
    assert.equal(await page.evaluate(() => crossOriginIsolated), isolated);
    await pick(page, 'Model file', 'examples/synthetic/heartbeats.onnx');
    await shown(page, 'is ready for early exits');
    await page.locator('#tab-targets').click();
    await page.locator('::-p-text(Measure this device)').click();
    await shown(page, 'on one thread: the whole model takes');
    assert.deepEqual(problems, []);
    await page.close();
  });
}

test('Firefox: a package is opened, its plan drawn and the run step shown', { skip }, async () => {
  const engine = await loadNodeEngine();
  const path = writePackage(await stagedPackage(engine));
  engine.dispose();
  const { page, problems } = await open(true);
  await pick(page, 'Package', path);
  await shown(page, 'Where inputs leave');
  await page.waitForSelector('.plot svg');
  await page.locator('#tab-run').click();
  await shown(page, 'Take it away');
  assert.deepEqual(problems, []);
  await page.close();
});

test('Firefox: an example from its model to a record that runs on its plan', { skip }, async () => {
  const { page, problems } = await open(true);
  page.setDefaultTimeout(searchMs);
  await page.locator('main button ::-p-text(Heartbeats)').click();
  await page.locator('::-p-text(Go on to the data)').click();
  await shown(page, 'The model scores');
  await page.locator('::-p-text(Go on to the search)').click();
  await page.locator('::-p-text(Start the search)').click();
  await page.locator('::-p-text(Look at the plan)').click();
  await shown(page, 'Where inputs leave');
  await page.locator('#tab-run').click();
  await page.locator('::-p-text(Play the record)').click();
  await page.waitForFunction(() => Number(document.querySelector('[data-testid=tally] dd')?.textContent ?? 0) >= 3);
  assert.deepEqual(problems, []);
  await page.close();
});
