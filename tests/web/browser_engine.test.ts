// The engine in headless Chromium, in a module worker of a page with a strict content security policy: which build it takes
// with and without cross-origin isolation and where its threads' workers are kept from loading, and that its answers are
// Node's, bit for bit.
import assert from 'node:assert/strict';
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, resolve, sep } from 'node:path';
import { after, before, test } from 'node:test';
import { chromium, type Browser } from 'playwright-core';
import { toTypedArray } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import type { Question, Reply } from './engine_worker.js';

const checkout = resolve('.');
const modelPath = 'examples/fashion_mnist/base.onnx';
const types: Record<string, string> = { '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };
// No inline script, no eval, no worker from a blob.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'";
const page = '<!doctype html><meta charset="utf-8"><title>engine</title><script type="module" src="/page.js"></script>';
const pageScript = `
const worker = new Worker('/checkout/build/ts/tests/web/engine_worker.js', { type: 'module' });
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
window.ask = (question) => new Promise((resolve) => {
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => resolve({ code: 'worker', message: event.message ?? 'the worker ended' });
  worker.postMessage(question);
});`;

/** What keeps the threads' workers from loading, though the page may import the same script. */
type Fault = 'the worker script never comes' | 'the worker script is missing' | 'the worker script has no embedder policy' | 'worker-src forbids workers';

/** The page and the checkout on loopback. */
function serve(isolated: boolean, fault?: Fault): Promise<Server> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const threadScript = path.endsWith('/offramp.mjs') && request.headers['sec-fetch-dest'] === 'worker';
    const forbids = fault === 'worker-src forbids workers' && path.endsWith('/engine_worker.js');
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('Content-Security-Policy', forbids ? policy.replace("worker-src 'self'", "worker-src 'none'") : policy);
    if (threadScript && fault === 'the worker script never comes') return;
    if (threadScript && fault === 'the worker script is missing') {
      response.writeHead(404).end();
      return;
    }
    if (isolated && !(threadScript && fault === 'the worker script has no embedder policy')) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    const text: Record<string, [string, string]> = { '/': ['text/html', page], '/page.js': ['text/javascript', pageScript] };
    const known = text[path];
    if (known !== undefined) {
      response.setHeader('Content-Type', known[0]).end(known[1]);
      return;
    }
    const file = resolve(checkout, path.replace(/^\/checkout\//, ''));
    if (!file.startsWith(checkout + sep) || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
}

let browser: Browser;
const servers: Server[] = [];
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(async () => {
  await browser?.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const sample = Array.from({ length: 784 }, (_, i) => (i % 29) / 29);
const dims = [1, 1, 28, 28];

async function ask(isolated: boolean, options: Question['options'], fault?: Fault): Promise<Reply> {
  const server = await serve(isolated, fault);
  servers.push(server);
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(`${origin}/`);
  await tab.waitForFunction(() => 'ask' in globalThis);
  const question: Question = { options, modelUrl: `${origin}/checkout/${modelPath}`, sample, dims };
  const reply = await tab.evaluate((asked) => (globalThis as unknown as { ask(question: unknown): Promise<unknown> }).ask(asked), question);
  assert.deepEqual(await tab.evaluate(() => (globalThis as unknown as { violations: string[] }).violations), []);
  await context.close();
  return reply as Reply;
}

async function nodeLogits(): Promise<number[]> {
  const engine = await loadNodeEngine();
  const session = engine.createSession(readFileSync(modelPath));
  const [logits] = session.run([{ dtype: 'f32', dims, data: new Uint8Array(Float32Array.from(sample).buffer) }]);
  session.dispose();
  assert.ok(logits);
  return [...(toTypedArray(logits) as Float32Array)];
}

const cases = [
  { isolated: true, threads: 1, variant: 'simd', got: 1 },
  { isolated: true, threads: 2, variant: 'simd-threads', got: 2 },
  { isolated: false, threads: 1, variant: 'simd', got: 1 },
  { isolated: false, threads: 2, variant: 'simd', got: 1 },
];
for (const { isolated, threads, variant, got } of cases) {
  test(`a page that is ${isolated ? '' : 'not '}isolated, asked for ${threads} threads, runs ${variant} and answers as Node does`, async () => {
    const reply = await ask(isolated, { threads });
    assert.deepEqual(reply, { variant, threads: got, isolated, logits: await nodeLogits() });
  });
}

const fails = 'a thread\'s worker cannot be loaded';
const faults: [Fault, string][] = [
  ['the worker script never comes', 'the threads\' workers did not load within 0.5 s'], ['the worker script is missing', fails],
  ['the worker script has no embedder policy', fails], ['worker-src forbids workers', fails],
];
for (const [fault, seen] of faults) {
  test(`${fault}: "auto" answers without threads, and "simd" fails`, async () => {
    const threadStartLimitMs = seen === fails ? undefined : 500;
    assert.deepEqual(await ask(true, { threads: 2, threadStartLimitMs }, fault), { variant: 'simd', threads: 1, isolated: true, logits: await nodeLogits() });
    assert.deepEqual(await ask(true, { threads: 2, threadStartLimitMs, variant: 'simd' }, fault), {
      code: 'unsupported', message: `starting the WebAssembly module: ${seen}; check that the script offramp.mjs is served with`
        + ' the page\'s Cross-Origin-Embedder-Policy and that worker-src of its content security policy allows it, or ask for 1 thread',
    });
  });
}

test('relaxed SIMD is there when asked for, and within rounding', async () => {
  const reply = await ask(true, { variant: 'relaxed-simd', threads: 2 });
  assert.ok('logits' in reply, JSON.stringify(reply));
  assert.equal(reply.variant, 'relaxed-simd-threads');
  const expected = await nodeLogits();
  reply.logits.forEach((value, i) => assert.ok(Math.abs(value - (expected[i] ?? NaN)) < 1e-4, `logit ${i}`));
});

test('a folder without modules is an error that names the address', async () => {
  const reply = await ask(false, { baseUrl: 'http://127.0.0.1:9/' });
  assert.ok('code' in reply);
  assert.equal(reply.code, 'internal');
  assert.match(reply.message, /^the WebAssembly module http:\/\/127\.0\.0\.1:9\/simd\/offramp\.mjs cannot be loaded \(/);
});
