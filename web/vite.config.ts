// The page's build: static files that work from any folder of any host.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { engineFiles } from './build/engine_files.ts';
import { exampleFiles } from './build/example_files.ts';
import { policyInPage } from './build/policy_in_page.ts';
import { precompressed } from './build/precompressed.ts';
import { serviceWorker } from './build/service_worker.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const engine = engineFiles(here('../wasm/dist'));
const examples = exampleFiles(here('../examples'), '/usr/share/datasets/fashion-mnist');

export default defineConfig({
  root: here('.'),
  base: './',
  define: { __ENGINE_FOLDER__: JSON.stringify(engine.folder), __EXAMPLES_FOLDER__: JSON.stringify(examples.folder) },
  plugins: [svelte(), engine.plugin, examples.plugin, policyInPage(), serviceWorker(), precompressed(here('../build/web_compressed'))],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0, // a policy without data: for scripts and styles
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: { index: here('index.html'), service_worker: here('src/offline/service_worker.ts') },
      output: { entryFileNames: (chunk) => (chunk.name === 'service_worker' ? 'service_worker.js' : 'assets/[name]-[hash].js') },
    },
  },
});
