// Node's side of the contract: the modules built beside this package, and folders of the file system as file trees.
import { readFile } from 'node:fs/promises';
import { Engine, loadEngine } from '../engine.js';
import { OfframpError } from '../errors.js';
import type { ModuleFactory } from '../raw_module.js';
import { chooseVariant, detectFeatures, type EngineOptions } from '../variants.js';

export { NodeFileTree, openTree, reasonOf } from './node_file_tree.js';

/** Errors: as chooseVariant; internal if the module was not built. */
export async function loadNodeEngine(options: EngineOptions = {}): Promise<Engine> {
  const choice = chooseVariant(options, detectFeatures());
  const folder = new URL(`../../${choice.variant}/`, import.meta.url); // wasm/dist/
  let factory: ModuleFactory;
  let wasmBinary: Uint8Array;
  try {
    wasmBinary = await readFile(new URL('offramp.wasm', folder));
    ({ default: factory } = (await import(new URL('offramp.mjs', folder).href)) as { default: ModuleFactory });
  } catch (thrown) {
    throw new OfframpError('internal', `the WebAssembly module wasm/dist/${choice.variant}/offramp.mjs cannot be loaded (${thrown instanceof Error ? thrown.message : String(thrown)}); build it first`);
  }
  return loadEngine({ factory, wasmBinary, ...choice });
}
