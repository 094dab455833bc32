// The builds of the WebAssembly module beside the page, in a folder named by their contents so that hosts and browsers may keep them.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const variants = ['simd', 'simd-threads', 'relaxed-simd', 'relaxed-simd-threads'];
const names = ['offramp.mjs', 'offramp.wasm'];

/** `folder` is where the page finds them, relative to itself. Errors: a build that is missing. */
export function engineFiles(from: string): { folder: string; plugin: Plugin } {
  const files = variants.flatMap((variant) => names.map((name) => ({ name: `${variant}/${name}`, bytes: readFileSync(join(from, variant, name)) })));
  const hash = createHash('sha256');
  for (const { bytes } of files) hash.update(bytes);
  const folder = `engine-${hash.digest('hex').slice(0, 12)}`;
  return {
    folder,
    plugin: {
      name: 'offramp:engine-files',
      apply: 'build',
      generateBundle() {
        for (const { name, bytes } of files) this.emitFile({ type: 'asset', fileName: `${folder}/${name}`, source: bytes });
      },
      configureServer() {
        throw new Error('the page is built and then served: ./run web');
      },
    },
  };
}
