// In the page's worker: the engine, a package's files by fetch, and a line of JSON per row. A bundler would take '@offramp/engine/browser'.
import { readNpy } from '../../wasm/dist/engine/data/npy.js';
import { loadBrowserEngine } from '../../wasm/dist/engine/hosts/browser.js';
import { answerRows } from '../answer_rows.js';

async function fetchBytes(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** An unpacked package: its manifest names the other files. */
async function fetchPackage(folder) {
  const manifest = { name: 'manifest.json', bytes: await fetchBytes(`${folder}manifest.json`) };
  const names = JSON.parse(new TextDecoder().decode(manifest.bytes)).stages.map(({ file }) => file);
  return [manifest, ...await Promise.all(names.map(async (name) => ({ name, bytes: await fetchBytes(folder + name) })))];
}

async function answer({ package: folder, rows, threads = '1' }) {
  const engine = await loadBrowserEngine({ threads: Number(threads) });
  const runtime = engine.createRuntime(await fetchPackage(folder));
  const lines = [...answerRows(runtime, readNpy(await fetchBytes(rows)))];
  engine.dispose();
  return { lines, state: `${engine.variant}, threads: ${engine.threads}` };
}

self.onmessage = async ({ data }) => {
  self.postMessage(await answer(data).catch((thrown) => ({ lines: [], state: `failed: ${thrown.message}` })));
};
