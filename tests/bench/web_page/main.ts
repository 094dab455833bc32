// ./run bench page: what the page loads, how soon it can be used, and how responsive its main thread stays from a click on an example to
// its first result. Nothing is asserted about times.
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { closeAll, launchBrowser, serveBuiltPage } from '../../web/chromium_page.js';
import { checkout } from '../checkout.js';

const usage = `usage: ./run bench page [options]

Opens the built page in headless Chromium, picks an example, searches, and tells what the page loaded, when it could be used, when the first
result was there, tasks of its main thread over 50 ms, and shifts of its layout.

  --example NAME    Garments (default), Whistled commands or Heartbeats
  --no-isolation    without cross-origin isolation: one thread
  -o, --output DIR  folder for page.json (default build/bench)
`;

interface PageFigures {
  machine: string;
  isolated: boolean;
  /** Transferred until the first step can be used, and until the example's rows are there; workers' requests included. */
  loaded_bytes: { first: number; example: number };
  interactive_ms: number;
  example_ms: number;
  search_ms: number;
  /** Of the main thread, while the example is opened and searched. */
  long_tasks_ms: { opening: number[]; searching: number[] };
  /** Sum of shifts not caused by input. */
  layout_shift: number;
}

interface Watched {
  longTasks: { start: number; duration: number }[];
  shift: number;
}

/** In the page, before anything of it runs. */
function watch(): void {
  const watched: Watched = { longTasks: [], shift: 0 };
  (globalThis as unknown as { watched: Watched }).watched = watched;
  const observe = (type: string, take: (entry: { startTime: number; duration: number; value?: number; hadRecentInput?: boolean }) => void): void => {
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => take(entry))).observe({ type, buffered: true });
  };
  observe('longtask', ({ startTime, duration }) => watched.longTasks.push({ start: startTime, duration }));
  observe('layout-shift', ({ value = 0, hadRecentInput }) => { if (hadRecentInput !== true) watched.shift += value; });
}

const watchedOf = (page: Page): Promise<Watched & { now: number }> => page.evaluate(() => ({ ...(globalThis as unknown as { watched: Watched }).watched, now: performance.now() }));

async function measure(example: string, isolated: boolean): Promise<PageFigures> {
  const { url } = await serveBuiltPage(isolated);
  const browser = await launchBrowser();
  const fresh = await browser.newContext({ viewport: { width: 1200, height: 900 }, serviceWorkers: 'block' });
  let bytes = 0;
  fresh.on('requestfinished', (request) => void request.sizes().then((sizes) => { bytes += sizes.responseBodySize + sizes.responseHeadersSize; }, () => undefined));
  const page = await fresh.newPage();
  await page.addInitScript(watch);
  await page.goto(url);
  const tab = page.getByRole('tab', { name: 'Model' });
  await tab.waitFor();
  const interactive = (await watchedOf(page)).now;
  const first = bytes;
  await page.getByRole('button', { name: new RegExp(example) }).click();
  await page.getByText('is ready for early exits').waitFor({ timeout: 120_000 });
  await page.getByRole('tab', { name: 'Data' }).click();
  await page.getByText(/The model scores/).first().waitFor({ timeout: 120_000 });
  const opened = await watchedOf(page);
  await page.getByRole('tab', { name: 'Search' }).click();
  await page.getByRole('button', { name: 'Start the search' }).click();
  const started = (await watchedOf(page)).now;
  await page.getByRole('button', { name: 'Look at the plan' }).waitFor({ timeout: 900_000 });
  const done = await watchedOf(page);
  const longTasks = (from: number, to: number): number[] => done.longTasks.filter(({ start }) => start >= from && start < to).map(({ duration }) => Math.round(duration));
  return {
    machine: cpus()[0]?.model ?? 'unknown', isolated, loaded_bytes: { first, example: bytes }, interactive_ms: Math.round(interactive),
    example_ms: Math.round(opened.now - interactive), search_ms: Math.round(done.now - started),
    long_tasks_ms: { opening: longTasks(interactive, started), searching: longTasks(started, done.now) }, layout_shift: Number(done.shift.toFixed(4)),
  };
}

export async function page(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv], allowNegative: true,
    options: { example: { type: 'string' }, isolation: { type: 'boolean', default: true }, output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  try {
    const figures = await measure(values.example ?? 'Garments', values.isolation);
    const folder = values.output ?? join(checkout, 'build/bench');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'page.json'), `${JSON.stringify(figures, null, 2)}\n`);
    process.stdout.write(render(figures));
  } finally {
    await closeAll();
  }
}

function render({ loaded_bytes: loaded, interactive_ms: interactive, example_ms: example, search_ms: search, long_tasks_ms: long, layout_shift: shift, isolated }: PageFigures): string {
  const kilobytes = (bytes: number): string => `${Math.round(bytes / 1000)} KB`;
  const tasks = (list: readonly number[]): string => (list.length === 0 ? 'none' : `${list.length}, the longest ${Math.max(...list)} ms`);
  return `loaded until usable          ${kilobytes(loaded.first)}
loaded with the example      ${kilobytes(loaded.example)}
usable after                 ${interactive} ms
example open and checked     ${(example / 1000).toFixed(1)} s later
search to the first result   ${(search / 1000).toFixed(1)} s${isolated ? '' : ', on one thread'}
tasks over 50 ms, opening    ${tasks(long.opening)}
tasks over 50 ms, searching  ${tasks(long.searching)}
layout shift                 ${shift}
`;
}
