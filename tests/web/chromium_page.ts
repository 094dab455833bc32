// The built page in headless Chromium, served as `./run web` does, and what a test or a bench needs of it.
import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { servePage, type PageServer } from '../../web/server/static_server.js';

export interface OpenedPage {
  url: string;
  page: Page;
  context: BrowserContext;
  /** Of the console, of scripts that failed, and what the policy forbade. */
  problems: string[];
}

export interface OpenOptions {
  isolated?: boolean | undefined;
  width?: number | undefined;
  height?: number | undefined;
  theme?: 'light' | 'dark' | undefined;
  /** Another tab of the same user: what the first one kept is there. */
  context?: BrowserContext | undefined;
}

export const distFolder = 'web/dist';

let browser: Promise<Browser> | undefined;
const servers: PageServer[] = [];

export function launchBrowser(): Promise<Browser> {
  browser ??= launchAnother();
  return browser;
}

/** With switches of its own; whoever asks closes it. */
export function launchAnother(...switches: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', ...switches],
  });
}

export async function serveBuiltPage(isolated = true): Promise<PageServer> {
  if (!existsSync(`${distFolder}/index.html`)) throw new Error('the page is not built: ./run build web');
  const server = await servePage({ root: distFolder, isolated });
  servers.push(server);
  return server;
}

/** Serves and opens it, `url` where it is served already. */
export async function openPage(options: OpenOptions = {}, url?: string): Promise<OpenedPage> {
  const address = url ?? (await serveBuiltPage(options.isolated)).url;
  const context = options.context ?? await (await launchBrowser()).newContext({
    viewport: { width: options.width ?? 1200, height: options.height ?? 900 }, colorScheme: options.theme ?? 'light', reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(address);
  await page.getByRole('tab', { name: 'Model' }).waitFor();
  return { url: address, page, context, problems };
}

/** Hands a file in as a user would pick it. */
export async function pickFile(page: Page, label: string, file: string | { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
  await page.locator(`input[type=file][aria-label="${label}"]`).setInputFiles(file);
}

/** The browser and every server. */
export async function closeAll(): Promise<void> {
  await (await browser)?.close();
  await Promise.all(servers.map((server) => server.close()));
}
