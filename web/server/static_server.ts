// Serves the built page's files as a static host would: types, precompressed forms, the policy's header, and the headers of cross-origin isolation.
import { createReadStream, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, resolve, sep } from 'node:path';
import { headerPolicy } from './policy.js';

export interface PageServerOptions {
  /** The folder of the built page. */
  root: string;
  /** 0: any free one. */
  port?: number | undefined;
  /** Of the address it listens at. Default 127.0.0.1. */
  host?: string | undefined;
  /** Cross-origin isolation, which threads need. Default on. */
  isolated?: boolean | undefined;
}

export interface PageServer {
  url: string;
  close(): Promise<void>;
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json', '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm', '.onnx': 'application/octet-stream', '.gz': 'application/octet-stream', '.png': 'image/png', '.txt': 'text/plain; charset=utf-8',
};
const encodings = [['br', '.br'], ['gzip', '.gz']] as const;

/** Errors: those of listening, such as a port in use. */
export async function servePage(options: PageServerOptions): Promise<PageServer> {
  const root = resolve(options.root);
  const server = createServer((request, response) => answer(request, response, root, options.isolated ?? true));
  await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address}:${port}/`,
    close: () => new Promise((done) => {
      server.close(() => done());
      server.closeAllConnections();
    }),
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      done();
    });
  });
}

function answer(request: IncomingMessage, response: ServerResponse, root: string, isolated: boolean): void {
  response.setHeader('Content-Security-Policy', headerPolicy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  if (isolated) {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    response.writeHead(405).end();
    return;
  }
  const file = fileOf(root, request.url ?? '/');
  if (file === undefined) {
    response.setHeader('Content-Type', 'text/plain; charset=utf-8');
    response.writeHead(404).end('not found\n');
    return;
  }
  send(request, response, file);
}

/** Undefined for what is no file below the root. */
function fileOf(root: string, url: string): string | undefined {
  let path: string;
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
  if (path.includes('\0')) return undefined;
  const file = resolve(root, `.${path.endsWith('/') ? `${path}index.html` : path}`);
  return file.startsWith(root + sep) && statSync(file, { throwIfNoEntry: false })?.isFile() === true ? file : undefined;
}

function send(request: IncomingMessage, response: ServerResponse, file: string): void {
  const accepted = String(request.headers['accept-encoding'] ?? '').split(',').map((part) => part.split(';')[0]?.trim());
  const [encoding, ending] = encodings.find(([name, end]) => accepted.includes(name) && statSync(file + end, { throwIfNoEntry: false })?.isFile() === true) ?? [undefined, ''];
  const { size, mtimeMs } = statSync(file + ending);
  const tag = `"${size.toString(16)}-${Math.round(mtimeMs).toString(16)}"`;
  response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream');
  response.setHeader('Vary', 'Accept-Encoding');
  response.setHeader('ETag', tag);
  // Names below assets/, engine-.../ and examples-.../ change with their contents.
  response.setHeader('Cache-Control', /[\\/](assets|(engine|examples)-[0-9a-f]+)[\\/]/.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (encoding !== undefined) response.setHeader('Content-Encoding', encoding);
  if (request.headers['if-none-match'] === tag) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader('Content-Length', size);
  response.writeHead(200);
  if (request.method === 'HEAD') response.end();
  else createReadStream(file + ending).pipe(response);
}
