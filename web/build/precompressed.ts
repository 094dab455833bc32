// Writes .br and .gz beside what compresses. Compressing the modules takes seconds, so results are kept by content.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const worth = /\.(html|js|mjs|css|svg|json|webmanifest|wasm|onnx|txt)$/;
const leastBytes = 512;

export function precompressed(cache: string): Plugin {
  let folder = '';
  return {
    name: 'offramp:precompressed',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle() {
      mkdirSync(cache, { recursive: true });
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !worth.test(entry.name)) continue;
        const bytes = readFileSync(path);
        if (bytes.length < leastBytes) continue;
        const key = createHash('sha256').update(bytes).digest('hex');
        writeFileSync(`${path}.br`, kept(join(cache, `${key}.br`), () => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } })));
        writeFileSync(`${path}.gz`, kept(join(cache, `${key}.gz`), () => gzipSync(bytes, { level: 9 })));
      }
    },
  };
}

function kept(path: string, make: () => Uint8Array): Uint8Array {
  if (existsSync(path)) return readFileSync(path);
  const bytes = make();
  writeFileSync(path, bytes);
  return bytes;
}
