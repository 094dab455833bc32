// Chromium and Firefox on examples/browser, cross-origin isolated and not: Chromium by playwright-core as elsewhere, Firefox over WebDriver BiDi by puppeteer-core,
// which playwright-core cannot.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { chromium } from 'playwright-core';
import puppeteer from 'puppeteer-core';
import type { HostFeatures } from '@offramp/engine';
import { checkout } from '../cli/command.js';
import { serve } from '../bench/hosts/static_server.js';
import type { Fixture } from './fixture.js';

const limitMs = 60_000;

interface Tab {
  goto(url: string): Promise<unknown>;
  waitForFunction(script: string, ...options: unknown[]): Promise<unknown>;
  evaluate(script: string): Promise<unknown>;
}
export interface OpenBrowser {
  version: string;
  tab: Tab;
  close(): Promise<void>;
}

export async function openChromium(): Promise<OpenBrowser> {
  const browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', timeout: limitMs,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const tab = await browser.newPage();
  return {
    version: browser.version(), close: () => browser.close(),
    tab: { goto: (url) => tab.goto(url), waitForFunction: (script) => tab.waitForFunction(script, undefined, { timeout: limitMs }), evaluate: (script) => tab.evaluate(script) },
  };
}

/** Undefined where there is no Firefox. */
export async function openFirefox(): Promise<OpenBrowser | undefined> {
  const executablePath = process.env['FIREFOX'] ?? '/usr/bin/firefox-esr';
  if (!existsSync(executablePath)) return undefined;
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, timeout: limitMs, protocolTimeout: limitMs });
  const tab = await browser.newPage();
  return {
    version: (await browser.version()).replace(/^firefox\//i, ''), close: () => browser.close(),
    tab: { goto: (url) => tab.goto(url), waitForFunction: (script) => tab.waitForFunction(script, { timeout: limitMs }), evaluate: (script) => tab.evaluate(script) },
  };
}

/** What the example's page shows for the fixture, and what the page's host knows. */
export async function askPage({ tab }: OpenBrowser, fixture: Fixture, threads: number): Promise<{ state: string; lines: string; features: HostFeatures }> {
  const server = await serve({ checkout, fixture: fixture.folder }, {});
  try {
    const question = new URLSearchParams({ package: `/fixture/${basename(fixture.unpacked)}/`, rows: `/fixture/${basename(fixture.npy)}`, threads: String(threads) });
    await tab.goto(`${server.origin}/checkout/examples/browser/index.html?${question}`);
    await tab.waitForFunction("document.querySelector('#state').textContent !== 'loading'");
    return {
      state: await tab.evaluate("document.querySelector('#state').textContent") as string,
      lines: await tab.evaluate("document.querySelector('#answers').textContent") as string,
      features: await tab.evaluate("import('/checkout/wasm/dist/engine/variants.js').then(({ detectFeatures }) => detectFeatures())") as HostFeatures,
    };
  } finally {
    await server.close();
  }
}
