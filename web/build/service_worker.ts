// Writes into the service worker what it keeps for use without a network, and a version that changes with it.
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const fileName = 'service_worker.js';
const placeholder = /["'`]__PRECACHE__["'`]/;

/** The shell: page, scripts, styles, icons. Modules and examples are kept when they are first used. */
export function serviceWorker(): Plugin {
  let publicFiles: string[] = [];
  return {
    name: 'offramp:service-worker',
    apply: 'build',
    configResolved(config) {
      publicFiles = readdirSync(join(config.root, 'public')).filter((name) => /\.(js|svg|webmanifest)$/.test(name));
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle[fileName];
        if (worker?.type !== 'chunk') throw new Error(`the build has no ${fileName}`);
        const hash = createHash('sha256');
        const shell = Object.values(bundle).filter((file) => /^(index\.html|assets\/.*\.(js|css|svg))$/.test(file.fileName));
        for (const file of shell) hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
        const list = ['./', ...publicFiles.map((name) => `./${name}`), ...shell.map((file) => `./${file.fileName}`)].filter((path) => path !== './index.html');
        const code = worker.code.replace(placeholder, JSON.stringify({ version: hash.digest('hex').slice(0, 16), files: list }));
        if (code === worker.code) throw new Error(`${fileName} has no __PRECACHE__`);
        worker.code = code;
      },
    },
  };
}
