// The built page: it starts under its policy with and without cross-origin isolation, its worker answers, its steps can be walked, and its
// first load is small.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { distFolder, openPage, pickFile, serveBuiltPage } from './built_page.js';

const modelPath = 'examples/fashion_mnist/base.onnx';
const mostFirstLoadBytes = 900_000;

for (const isolated of [true, false]) {
  test(`a page that is ${isolated ? '' : 'not '}isolated reads a model in its worker`, async () => {
    const { page, problems } = await openPage({ isolated });
    assert.equal(await page.evaluate(() => (globalThis as unknown as { crossOriginIsolated: boolean }).crossOriginIsolated), isolated);
    await pickFile(page, 'Model file', modelPath);
    await page.getByText('exit points').first().waitFor();
    assert.deepEqual(problems, []);
    await page.context().close();
  });
}

test('steps that cannot be walked to yet say why, and arrow keys walk the others', async () => {
  const { page } = await openPage();
  const data = page.getByRole('tab', { name: 'Data' });
  assert.equal(await data.getAttribute('aria-disabled'), 'true');
  assert.equal(await data.getAttribute('title'), 'Pick a model first');
  await pickFile(page, 'Model file', modelPath);
  await page.getByText('exit points').first().waitFor();
  await page.getByRole('tab', { name: 'Model' }).press('ArrowRight');
  assert.equal(await data.getAttribute('aria-selected'), 'true');
  assert.equal(await page.getByRole('heading', { name: 'Data' }).isVisible(), true);
  await data.press('ArrowLeft');
  assert.equal(await page.getByText('exit points').first().isVisible(), true);
  await page.context().close();
});

test('what the page loads until a model is read is at most 900 KB, compressed', async () => {
  const { url } = await serveBuiltPage();
  const { page } = await openPage({}, url);
  await pickFile(page, 'Model file', modelPath);
  await page.getByText('exit points').first().waitFor();
  const urls = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  const files = new Set(['index.html', ...urls.filter((name) => name.startsWith(url)).map((name) => name.slice(url.length))]);
  // The worker's own requests are not the page's: the module in use and the worker are counted by hand.
  const engine = readdirSync(distFolder).find((name) => name.startsWith('engine-')) ?? '';
  for (const name of ['offramp.mjs', 'offramp.wasm']) files.add(`${engine}/simd-threads/${name}`);
  for (const name of readdirSync(join(distFolder, 'assets'))) if (/worker.*\.js$/.test(name)) files.add(`assets/${name}`);
  const sum = [...files].reduce((bytes, name) => bytes + compressedSize(join(distFolder, name)), 0);
  console.log(`first load: ${files.size} files, ${sum} bytes`);
  assert.ok(sum <= mostFirstLoadBytes, `${sum} bytes: ${[...files].join(', ')}`);
  await page.context().close();
});

function compressedSize(path: string): number {
  return (statSync(`${path}.br`, { throwIfNoEntry: false }) ?? statSync(path)).size;
}

test('the built page has its policy in itself, and nothing inline', () => {
  const html = readFileSync(join(distFolder, 'index.html'), 'utf8').replaceAll('&#39;', "'");
  assert.match(html, /<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self';/);
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=/);
});

test('the server gives types, precompressed files and the policy, and nothing outside its folder', async () => {
  const { url } = await serveBuiltPage();
  const response = await fetch(url, { headers: { 'Accept-Encoding': 'br' } });
  assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.equal(response.headers.get('content-encoding'), 'br');
  assert.match(response.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  assert.equal(response.headers.get('cross-origin-opener-policy'), 'same-origin');
  for (const path of ['..%2fpackage.json', '%2e%2e/package.json', 'assets', '%ff', 'nothing.html']) assert.equal((await fetch(url + path)).status, 404, path);
  assert.equal((await fetch(url, { method: 'POST' })).status, 405);
});
