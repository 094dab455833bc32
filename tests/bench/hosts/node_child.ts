// The child process behind hosts/node.ts.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkout } from '../checkout.js';
import { Subject, type Request } from '../subject.js';

const subject = new Subject({
  kind: 'node',
  url: (path) => pathToFileURL(resolve(checkout, path)).href,
  bytes: async (path) => new Uint8Array(await readFile(resolve(checkout, path))),
});

process.on('message', (request: Request) => {
  void subject.answer(request).then((reply) => process.send?.(reply));
});
