// Writes into the service worker what it keeps for use without a network, and a version that changes with it.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const fileName = 'service_worker.js';
const placeholder = /["'`]__PRECACHE__["'`]/;

/** The shell: page, scripts, styles, icons. Modules and examples are kept when they are first used, or asked for. */
export function serviceWorker(): Plugin {
  let publicFolder = '';
  let publicFiles: string[] = [];
  return {
    name: 'offramp:service-worker',
    apply: 'build',
    configResolved(config) {
      publicFolder = join(config.root, 'public');
      publicFiles = readdirSync(publicFolder).filter((name) => /\.(js|svg|webmanifest)$/.test(name));
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle[fileName];
        if (worker?.type !== 'chunk') throw new Error(`the build has no ${fileName}`);
        const hash = createHash('sha256');
        const shell = Object.values(bundle).filter((file) => /^(index\.html|assets\/.*\.(js|css|svg))$/.test(file.fileName));
        for (const file of shell) hash.update(file.fileName).update(file.type === 'chunk' ? file.code : file.source);
        for (const name of publicFiles) hash.update(name).update(readFileSync(join(publicFolder, name)));
        const folders = [...new Set(Object.keys(bundle).map((name) => name.slice(0, name.indexOf('/') + 1)).filter((folder) => /^(engine|examples)-/.test(folder)))];
        const list = ['./', ...publicFiles.map((name) => `./${name}`), ...shell.map((file) => `./${file.fileName}`)].filter((path) => path !== './index.html');
        const code = worker.code.replace(placeholder, JSON.stringify({ version: hash.digest('hex').slice(0, 16), files: list, folders }));
        if (code === worker.code) throw new Error(`${fileName} has no __PRECACHE__`);
        worker.code = code;
      },
    },
  };
}
