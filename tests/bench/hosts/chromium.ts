// Headless Chromium as a host: one page with one worker per subject, each page in a browser context of its own.
import { basename, dirname } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { checkout } from '../checkout.js';
import type { LoadRequest, Reply, Request } from '../subject.js';
import type { Host, RemoteSubject } from './host.js';
import { serve, type StaticServer } from './static_server.js';

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
  // A page that nobody looks at runs as fast as any.
  '--disable-background-timer-throttling', '--disable-backgrounding-occluded-windows', '--disable-renderer-backgrounding',
];

// Values cross from here to the page as JSON: typed arrays as lists.
const page = `<!doctype html><meta charset="utf-8"><title>bench</title><script type="module">
const worker = new Worker('/checkout/build/ts/tests/bench/hosts/page_worker.js', { type: 'module' });
window.ask = (request) => new Promise((resolve) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => resolve({ kind: 'failed', why: event.message ?? 'the worker ended' });
  worker.postMessage(request);
});
</script>`;

/** `modelPaths`: files outside the checkout that subjects may load. */
export async function chromiumHost(modelPaths: readonly string[]): Promise<Host> {
  const folders: Record<string, string> = { checkout };
  const paths = new Map<string, string>();
  for (const path of modelPaths) {
    const name = `models${paths.size}`;
    folders[name] = dirname(path);
    paths.set(path, `/${name}/${basename(path)}`);
  }
  const server = await serve(folders, { '/bench.html': page });
  try {
    const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: flags });
    return {
      name: 'chromium',
      description: `Chromium ${browser.version()}`,
      start: () => openPage(browser, server, paths),
      close: async () => {
        await browser.close();
        await server.close();
      },
    };
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
}

async function openPage(browser: Browser, server: StaticServer, paths: ReadonlyMap<string, string>): Promise<RemoteSubject> {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${server.origin}/bench.html`);
  if (!(await tab.evaluate(() => crossOriginIsolated))) throw new Error('the page is not cross-origin isolated');
  return {
    ask: async (request) => {
      const sent = request.kind === 'load' ? withPlainInput({ ...request, modelPath: paths.get(request.modelPath) ?? request.modelPath }) : request;
      const reply = await tab.evaluate((message) => (window as unknown as { ask(message: unknown): Promise<unknown> }).ask(message), sent as Request);
      return restore(reply as Reply);
    },
    close: () => context.close(),
  };
}

function withPlainInput(request: LoadRequest): unknown {
  return { ...request, input: { ...request.input, values: [...request.input.values] } };
}

function restore(reply: Reply): Reply {
  return reply.kind === 'loaded' ? { ...reply, output: Float32Array.from(reply.output) } : reply;
}
