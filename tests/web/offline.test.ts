// After the first visit the page works without a network: it loads, reads a model, and opens an example that was opened before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openPage, pickFile } from './built_page.js';

interface PageScope {
  caches: { open(name: string): Promise<{ keys(): Promise<{ url: string }[]> }> };
  navigator: { serviceWorker: { ready: Promise<unknown>; controller: unknown } };
}

for (const isolated of [true, false]) {
  test(`a page that is ${isolated ? '' : 'not '}isolated reloads offline`, { timeout: 90_000 }, async () => {
    const { page, context } = await openPage({ isolated });
    await page.waitForFunction(async () => {
      const scope = globalThis as unknown as PageScope;
      const kept = await (await scope.caches.open('offramp-used')).keys();
      return scope.navigator.serviceWorker.controller !== null && kept.filter(({ url }) => /offramp\.(mjs|wasm)$/.test(url)).length === 2;
    });
    await page.getByRole('button', { name: /Heartbeats/ }).click(); // its model is fetched, its rows are made here
    await page.getByText('is ready for early exits').waitFor();
    await context.setOffline(true);
    await page.reload();
    await pickFile(page, 'Model file', 'examples/fashion_mnist/base.onnx');
    await page.getByText('base.onnx is ready for early exits').waitFor();
    await page.getByRole('button', { name: /Heartbeats/ }).click();
    await page.getByText('Heartbeats is ready for early exits').waitFor();
    assert.equal(await page.evaluate(() => (globalThis as unknown as { crossOriginIsolated: boolean }).crossOriginIsolated), isolated);
    await context.close();
  });
}
