// Pictures of the built page, for looking at what people will see: every step with a bundled example, in both themes and two widths.
//   node scripts/page_screenshots.mjs FOLDER [--example NAME] [--theme light|dark] [--width PX] [--only STEP]
//   node scripts/page_screenshots.mjs docs --readme    the two pictures of the README, small
// Builds nothing: ./run build web first. Uses Debian's Chromium, or $CHROMIUM.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { servePage } = await import(new URL('../build/ts/web/server/static_server.js', import.meta.url).href);
const { values, positionals: [folder] } = parseArgs({
  allowPositionals: true,
  options: { example: { type: 'string', default: 'Heartbeats' }, theme: { type: 'string' }, width: { type: 'string' }, only: { type: 'string' },
    readme: { type: 'boolean', default: false },
  },
});
if (folder === undefined) {
  console.error('usage: node scripts/page_screenshots.mjs FOLDER [--example NAME] [--theme light|dark] [--width PX] [--only STEP] [--readme]');
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
    await page.getByText(/^The model scores/).waitFor({ timeout: 60_000 });
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
    await page.getByRole('button', { name: 'Start the search' }).click();
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
    const player = page.getByRole('button', { name: 'Play the record' });
    const samples = page.locator('[data-row]');
    if (await player.isVisible()) {
      await player.click();
      await page.waitForFunction(() => Number(document.querySelector('[data-testid=tally] dd')?.textContent ?? 0) >= 24, undefined, { timeout: 60_000 });
      await page.getByRole('button', { name: 'Stop' }).click();
    } else if (await samples.first().isVisible()) for (let row = 0; row < 4; row += 1) await samples.nth(row).click();
    await page.waitForTimeout(1500);
  },
};

const open = (page, name) => page.getByRole('tab', { name }).click();

const readmePictures = [{ theme: 'light', step: 'plan' }, { theme: 'dark', step: 'run' }];
const readmeSize = { width: 1128, height: 860 };

async function openPage(theme, width, height) {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  page.on('console', (message) => console.error(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => console.error(`error: ${error.message}`));
  await page.goto(server.url);
  return page;
}

/** Calls `picture` at each step on the way to `last`. */
async function walk(page, last, picture) {
  for (const [name, go] of Object.entries(steps)) {
    await go(page);
    await page.evaluate(() => { scrollTo(0, 0); document.activeElement?.blur(); });
    await picture(name);
    if (name === last) break;
  }
}

async function takeAll(theme, width) {
  const page = await openPage(theme, width, width < 600 ? 844 : 900);
  await walk(page, values.only, async (name) => {
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (overflow > 0) console.error(`${name} at ${width} px is ${overflow} px wider than the window`);
    if (values.only === undefined || values.only === name) await page.screenshot({ path: join(folder, `${name}_${theme}_${width}.png`), fullPage: true });
  });
  await page.close();
}

async function takeForReadme({ theme, step }) {
  const { default: sharp } = await import('sharp');
  const page = await openPage(theme, readmeSize.width, readmeSize.height);
  await walk(page, step, async () => undefined);
  await sharp(await page.screenshot()).png({ palette: true, colours: 64, effort: 10 }).toFile(join(folder, `page_${step}.png`));
  await page.close();
}

try {
  if (values.readme) for (const picture of readmePictures) await takeForReadme(picture);
  else {
    for (const theme of values.theme ? [values.theme] : ['light', 'dark']) {
      for (const width of values.width ? [Number(values.width)] : [1280, 390]) await takeAll(theme, width);
    }
  }
} finally {
  await browser.close();
  await server.close();
}
