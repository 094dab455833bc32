// The browser's side of the contract, for a worker: the modules are fetched from beside this package or from `baseUrl`.
// Works under a strict content security policy: script-src with 'wasm-unsafe-eval', worker-src and connect-src of the page's origin.
import { loadVariant, type Engine } from '../engine.js';
import { OfframpError } from '../errors.js';
import type { ModuleFactory } from '../raw_module.js';
import type { EngineOptions } from '../variants.js';

export interface BrowserEngineOptions extends EngineOptions {
  /** The folder that holds one folder per variant; it must be of the page's own origin, since workers start there. */
  baseUrl?: string | URL | undefined;
}

/** Errors: as loadVariant; internal if the module cannot be fetched. */
export function loadBrowserEngine(options: BrowserEngineOptions = {}): Promise<Engine> {
  const folder = new URL(options.baseUrl ?? new URL('../../', import.meta.url)); // wasm/dist/
  return loadVariant(options, async (variant) => {
    const url = new URL(`${variant}/offramp.mjs`, folder).href;
    try {
      const { default: factory } = (await import(/* @vite-ignore */ url)) as { default: ModuleFactory };
      return { factory };
    } catch (thrown) {
      throw new OfframpError('internal', `the WebAssembly module ${url} cannot be loaded (${thrown instanceof Error ? thrown.message : String(thrown)})`);
    }
  });
}
