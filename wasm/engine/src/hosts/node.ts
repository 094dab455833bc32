// Node's side of the contract: the modules built beside this package, and folders of the file system as file trees.
import { readFile } from 'node:fs/promises';
import { loadVariant, type Engine } from '../engine.js';
import { OfframpError } from '../errors.js';
import type { ModuleFactory } from '../raw_module.js';
import type { EngineOptions } from '../variants.js';

export { NodeFileTree, openTree, reasonOf } from './node_file_tree.js';

/** Errors: as loadVariant; internal if the module was not built. */
export function loadNodeEngine(options: EngineOptions = {}): Promise<Engine> {
  return loadVariant(options, async (variant) => {
    const folder = new URL(`../../${variant}/`, import.meta.url); // wasm/dist/
    try {
      const wasmBinary = await readFile(new URL('offramp.wasm', folder));
      const { default: factory } = (await import(new URL('offramp.mjs', folder).href)) as { default: ModuleFactory };
      return { factory, wasmBinary };
    } catch (thrown) {
      throw new OfframpError('internal', `the WebAssembly module wasm/dist/${variant}/offramp.mjs cannot be loaded (${thrown instanceof Error ? thrown.message : String(thrown)}); build it first`);
    }
  });
}

/**
 * For where much memory is free at once: Node's own collector is in no hurry, since to it an array is small, however many bytes it holds.
 * `done` are arrays that nobody needs any more: calls that wait may refer to them still, so they give up their bytes and are empty then.
 */
export async function collectGarbage(...done: Uint8Array[]): Promise<void> {
  for (const { buffer, length } of done) if (buffer instanceof ArrayBuffer && length === buffer.byteLength) structuredClone(buffer, { transfer: [buffer] });
  const [{ setFlagsFromString }, { runInNewContext }] = await Promise.all([import('node:v8'), import('node:vm')]);
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
