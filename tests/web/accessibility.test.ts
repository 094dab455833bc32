// Every step in both themes under axe-core: nothing serious or critical. And the keyboard alone: where it is shows, and every control is reached.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { loadNodeEngine } from '@offramp/engine/node';
import { stagedPackage } from '../serve/staged_package.js';
import { writePackage } from '../serve/serving.js';
import { openPage, pickFile, serveBuiltPage } from './built_page.js';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const axe = readFileSync(axePath, 'utf8');
const modelPath = 'examples/synthetic/heartbeats.onnx';
const engine = await loadNodeEngine();
const packagePath = writePackage(await stagedPackage(engine));
engine.dispose();
const { url } = await serveBuiltPage();

interface Violation {
  id: string;
  impact: string | null;
  help: string;
  nodes: { target: unknown[]; failureSummary?: string }[];
}

/** What axe finds on what is shown, but for minor and moderate remarks. */
async function serious(page: Page): Promise<string[]> {
  await page.evaluate(axe); // by the debugger: the page's policy forbids it to pages
  const { violations } = await page.evaluate('axe.run(document, { resultTypes: ["violations"] })') as { violations: Violation[] };
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target, failureSummary }) => `${JSON.stringify(target)} ${failureSummary ?? ''}`).join('; ')}`);
}

const tab = (page: Page, name: string): Promise<void> => page.getByRole('tab', { name }).click();

/** What is shown, step by step. */
const walk: [string, (page: Page) => Promise<void>][] = [
  ['model, nothing yet', async () => undefined],
  ['model, a file that is none', async (page) => {
    await pickFile(page, 'Model file', { name: 'notes.onnx', mimeType: 'application/octet-stream', buffer: Buffer.from('no model') });
    await page.getByRole('alert').waitFor();
  }],
  ['model', async (page) => {
    await pickFile(page, 'Model file', modelPath);
    await page.getByText('exit points').first().waitFor();
  }],
  ['data, nothing yet', (page) => tab(page, 'Data')],
  ['model, an example', async (page) => {
    await tab(page, 'Model');
    await page.getByRole('button', { name: /^Heartbeats/ }).click();
    await page.getByText('Reading Heartbeats').waitFor({ state: 'detached' });
  }],
  ['data', async (page) => {
    await tab(page, 'Data');
    await page.getByText(/^The model scores/).waitFor();
  }],
  ['targets', async (page) => {
    await tab(page, 'Targets');
    await page.getByRole('radio', { name: 'This device and a fog node' }).check();
    await page.getByLabel('No answer may take longer than a limit').check();
    await page.getByLabel('Address of its server').fill('http://127.0.0.1:1');
    await page.getByRole('button', { name: 'Test the link' }).click();
    await page.getByRole('alert').filter({ visible: true }).waitFor();
  }],
  ['search', async (page) => {
    await tab(page, 'Search');
    await page.getByText('More settings').click();
  }],
  ['plan', async (page) => {
    await tab(page, 'Model');
    await pickFile(page, 'Package', packagePath);
    await page.locator('.plot svg').nth(1).waitFor();
  }],
  ['run', async (page) => {
    await tab(page, 'Run');
    await page.getByRole('heading', { name: 'Take it away' }).waitFor();
  }],
];

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing serious in any step, ${theme}`, async () => {
    const { page } = await openPage({ theme }, url);
    const found: string[] = [];
    for (const [name, go] of walk) {
      await go(page);
      found.push(...(await serious(page)).map((text) => `${name}: ${text}`));
    }
    assert.deepEqual(found, []);
    await page.context().close();
  });
}

test('no step is wider than a phone of 360 px', async () => {
  const { page } = await openPage({ width: 360, height: 740 }, url);
  for (const [name, go] of walk) {
    await go(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), `${name} scrolls sideways`);
  }
  await page.context().close();
});

interface Focused {
  name: string;
  role: string;
  /** An outline, a border or a shadow shows where the keyboard is. */
  shown: boolean;
  inView: boolean;
}

const focused = `(() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return undefined;
  const marked = [at, ...[at.closest('label')].filter(Boolean)];
  const box = at.getBoundingClientRect();
  return {
    name: at.getAttribute('aria-label') ?? at.textContent.trim() ?? '', role: at.getAttribute('role') ?? at.tagName,
    shown: marked.some((one) => { const style = getComputedStyle(one); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0; }),
    inView: box.bottom > 0 && box.top < innerHeight,
  };
})()`;

test('the keyboard walks the whole page, and where it is always shows', async () => {
  const { page } = await openPage({}, url);
  for (const [name, go] of walk) {
    if (name === 'model, a file that is none') continue;
    await go(page);
    await page.evaluate(() => { (document.activeElement as { blur(): void } | null)?.blur(); });
    const controls = await page.locator('main button:visible, main a:visible, main input:not([type=file]):visible, main select:visible, main summary:visible').count();
    const seen = new Set<string>();
    for (let press = 0; press < controls + 12; press += 1) {
      await page.keyboard.press('Tab');
      const at = await page.evaluate(focused) as Focused | undefined;
      if (at === undefined) break;
      assert.ok(at.shown, `${name}: nothing shows that ${at.role} "${at.name}" has the keyboard`);
      assert.ok(at.inView, `${name}: ${at.role} "${at.name}" is out of sight`);
      seen.add(`${at.role} ${at.name}`);
    }
    assert.ok(seen.size >= 2, `${name}: ${[...seen].join(', ')}`);
  }
  await page.context().close();
});

test('a step is opened, a word explained and the explanation closed by keys alone', async () => {
  const { page } = await openPage({}, url);
  await pickFile(page, 'Model file', modelPath);
  await page.getByText('exit points').first().waitFor();
  await page.getByRole('tab', { name: 'Model' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.getByRole('tab', { name: 'Targets' }).getAttribute('aria-selected'), 'true');
  await page.getByRole('radio', { name: 'This device alone' }).focus();
  await page.keyboard.press('ArrowDown');
  const term = page.getByRole('button', { name: 'Round trip' });
  await term.focus();
  const tooltip = page.getByRole('tooltip').filter({ visible: true });
  await tooltip.waitFor();
  assert.match(await tooltip.textContent() ?? '', /there and back/);
  await page.keyboard.press('Escape');
  assert.equal(await tooltip.count(), 0);
  await page.getByRole('slider', { name: 'Round trip of the link from browser to fog' }).focus();
  await page.keyboard.press('Home');
  assert.equal(await page.getByText('10.0 µs').isVisible(), true);
  await page.context().close();
});
