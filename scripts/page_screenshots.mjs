// Pictures of the built page, for looking at what people will see: every step with a bundled example, in both themes and two widths.
//   node scripts/page_screenshots.mjs FOLDER [--example NAME] [--theme light|dark] [--width PX] [--only STEP]
// Builds nothing: ./run build web first. Uses Debian's Chromium, or $CHROMIUM.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { servePage } = await import(new URL('../build/ts/web/server/static_server.js', import.meta.url).href);
const { values, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: { example: { type: 'string', default: 'Heartbeats' }, theme: { type: 'string' }, width: { type: 'string' }, only: { type: 'string' } },
});
if (folder === undefined) {
  console.error('usage: node scripts/page_screenshots.mjs FOLDER [--example NAME] [--theme light|dark] [--width PX] [--only STEP]');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
const server = await servePage({ root: new URL('../web/dist', import.meta.url).pathname });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const searchMs = 400_000;

/** Each step: how to come to what is worth a picture. Later steps stand on earlier ones. */
const steps = {
  start: async () => undefined,
  model: async (page) => {
    await page.getByRole('button', { name: new RegExp(`^${values.example}`) }).click();
    await page.getByRole('button', { name: 'Go on to the data' }).waitFor({ timeout: 60_000 });
    await page.waitForTimeout(500);
  },
  data: async (page) => {
    await open(page, 'Data');
    await page.getByText(/base|whole model/i).first().waitFor();
    await page.waitForTimeout(3000);
  },
  targets: async (page) => {
    await open(page, 'Targets');
    await page.getByRole('button', { name: 'Measure this device' }).click();
    await page.getByText('on one thread').waitFor();
    await page.getByRole('radio', { name: 'This device and a fog node' }).check();
    await page.getByLabel('No answer may take longer than a limit').check();
    await page.getByRole('radio', { name: 'This device and a fog node' }).check();
  },
  search: async (page) => {
    await open(page, 'Search');
  },
  searching: async (page) => {
    await page.getByRole('button', { name: /^(Start|Search)/ }).last().click();
    await page.waitForTimeout(12_000);
  },
  plan: async (page) => {
    await page.waitForFunction(() => document.querySelector('#tab-plan')?.getAttribute('aria-disabled') === 'false', undefined, { timeout: searchMs });
    await open(page, 'Plan');
    await page.getByRole('heading', { name: 'Where inputs leave' }).waitFor();
    await page.waitForTimeout(1500);
  },
  run: async (page) => {
    await open(page, 'Run');
    await page.getByRole('heading', { name: 'Take it away' }).waitFor();
    const samples = page.locator('[data-row]');
    if (await samples.first().isVisible()) for (let row = 0; row < 6; row += 1) await samples.nth(row).click();
    await page.waitForTimeout(1500);
  },
};

const open = (page, name) => page.getByRole('tab', { name }).click();

try {
  for (const theme of values.theme ? [values.theme] : ['light', 'dark']) {
    for (const width of values.width ? [Number(values.width)] : [1280, 390]) {
      const page = await browser.newPage({ viewport: { width, height: width < 600 ? 844 : 900 }, colorScheme: theme, reducedMotion: 'reduce' });
      page.on('console', (message) => console.error(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => console.error(`error: ${error.message}`));
      await page.goto(server.url);
      for (const [name, go] of Object.entries(steps)) {
        await go(page);
        await page.evaluate(() => { scrollTo(0, 0); document.activeElement?.blur(); });
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (overflow > 0) console.error(`${name} at ${width} px is ${overflow} px wider than the window`);
        if (values.only === undefined || values.only === name) await page.screenshot({ path: join(folder, `${name}_${theme}_${width}.png`), fullPage: true });
        if (values.only === name) break;
      }
      await page.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}
