// A page or an HTML file to a PNG, for looking at what people will see:
//   node scripts/screenshot.mjs PAGE OUT.png [--theme light|dark] [--width PX] [--height PX] [--open-details] [--print]
// PAGE is a path or a URL; the picture shows the whole page. Uses Debian's Chromium, or $CHROMIUM.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    theme: { type: 'string', default: 'light' },
    width: { type: 'string', default: '1200' },
    height: { type: 'string', default: '900' },
    'open-details': { type: 'boolean', default: false },
    print: { type: 'boolean', default: false },
  },
});
const [page, output] = positionals;
const width = Number(values.width);
const height = Number(values.height);
if (!page || !output || !['light', 'dark'].includes(values.theme) || !(width > 0) || !(height > 0)) {
  console.error('usage: node scripts/screenshot.mjs PAGE OUT.png [--theme light|dark] [--width PX] [--height PX] [--open-details] [--print]');
  process.exit(2);
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
try {
  const tab = await browser.newPage({ viewport: { width, height }, colorScheme: values.theme });
  tab.on('console', (message) => console.error(`${message.type()}: ${message.text()}`));
  tab.on('pageerror', (error) => console.error(`error: ${error.message}`));
  if (values.print) await tab.emulateMedia({ media: 'print' });
  await tab.goto(/^[a-z]+:\/\//.test(page) ? page : pathToFileURL(resolve(page)).href, { waitUntil: 'load' });
  if (values['open-details']) await tab.locator('details').evaluateAll((all) => all.forEach((one) => { one.open = true; }));
  const overflow = await tab.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  if (overflow > 0) console.error(`the page is ${overflow} px wider than the window`);
  await tab.screenshot({ path: output, fullPage: true });
} finally {
  await browser.close();
}
