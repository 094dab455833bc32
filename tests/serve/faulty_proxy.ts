// Stands between a client and a server, and spoils inference in one way; other requests pass.
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after } from 'node:test';

// At its end Node frees its handles, and may wait for ever for one that was reset; a process that exits by itself frees none.
process.once('exit', (code) => process.exit(code));

export type Fault = (response: ServerResponse, good: { status: number; headers: Record<string, string>; body: Buffer }, random: () => number) => void;

const end = (response: ServerResponse, body: Buffer | string, headers: Record<string, string> = {}, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/octet-stream', ...headers }).end(body);
};
/** The answer with its JSON changed. */
const rewritten = (response: ServerResponse, { headers, body }: { headers: Record<string, string>; body: Buffer }, change: (text: string) => string): void => {
  const length = Number(headers['inference-header-content-length']);
  const head = Buffer.from(change(body.subarray(0, length).toString()));
  end(response, Buffer.concat([head, body.subarray(length)]), { 'inference-header-content-length': String(head.length) });
};
/** The answer with its numbers changed. */
const tampered = (response: ServerResponse, { headers, body }: { headers: Record<string, string>; body: Buffer }, change: (tail: Buffer) => void): void => {
  const changed = Buffer.from(body);
  change(changed.subarray(Number(headers['inference-header-content-length'])));
  end(response, changed, { 'inference-header-content-length': headers['inference-header-content-length'] ?? '' });
};

export const faults: Record<string, Fault> = {
  hangs: () => undefined,
  'is slow': (response, { body }) => {
    response.writeHead(200, { 'content-length': String(body.length) });
    let at = 0;
    const timer = setInterval(() => {
      response.write(body.subarray(at, at + 1));
      at += 1;
    }, 50);
    response.on('close', () => clearInterval(timer));
  },
  'resets before an answer': (response) => (response.socket as Socket & { resetAndDestroy(): void }).resetAndDestroy(),
  'resets within an answer': (response, { headers, body }) => {
    response.writeHead(200, { ...headers, 'content-length': String(body.length) }).write(body.subarray(0, body.length / 2));
    setTimeout(() => (response.socket as (Socket & { resetAndDestroy(): void }) | null)?.resetAndDestroy(), 5);
  },
  'sends half a body and says that is all': (response, { headers, body }) => end(response, body.subarray(0, body.length / 2), { 'inference-header-content-length': headers['inference-header-content-length'] ?? '' }),
  'answers garbage': (response, _, random) => end(response, Buffer.from(Array.from({ length: 500 }, () => Math.floor(random() * 256)))),
  'answers nothing': (response) => end(response, ''),
  'answers HTML': (response) => end(response, '<html><title>Welcome to a captive portal</title></html>', { 'content-type': 'text/html' }),
  'says 500': (response) => end(response, '{"error":"boom"}', {}, 500),
  'says 503': (response) => end(response, 'busy', {}, 503),
  'says 503 and when to come again': (response) => end(response, '{"error":"busy"}', { 'retry-after': '1' }, 503),
  'says 404': (response) => end(response, '{"error":"no such model"}', {}, 404),
  'redirects': (response) => end(response, '', { location: 'http://127.0.0.1:1/' }, 307),
  'answers another shape': (response, good) => rewritten(response, good, (text) => text.replace('"shape":[1,10]', '"shape":[10,1]')),
  'answers another type': (response, good) => rewritten(response, good, (text) => text.replace('FP32', 'INT32')),
  'leaves an output out': (response, good) => rewritten(response, good, (text) => text.replace('"probabilities"', '"other"')),
  'announces another length of the header': (response, { headers, body }) => end(response, body, { 'inference-header-content-length': String(Number(headers['inference-header-content-length']) - 3) }),
  'announces another length of a tensor': (response, good) => rewritten(response, good, (text) => text.replace('"binary_data_size":40', '"binary_data_size":44')),
  'answers NaN': (response, good) => tampered(response, good, (tail) => tail.writeFloatLE(NaN, 8)),
  'answers probabilities that are none': (response, good) => tampered(response, good, (tail) => tail.writeFloatLE(7, 8)),
  'names an exit that is none': (response, good) => tampered(response, good, (tail) => tail.writeInt32LE(9, 44)),
  'names another class': (response, good) => tampered(response, good, (tail) => tail.writeInt32LE((tail.readInt32LE(40) + 1) % 10, 40)),
};

export interface FaultyProxy {
  url: string;
  /** Undefined: all pass. */
  fault: Fault | undefined;
  /** The share of inferences that are spoilt. */
  share: number;
  server: Server;
}

export async function faultyProxy(behind: string, random: () => number): Promise<FaultyProxy> {
  const proxy: FaultyProxy = { url: '', fault: undefined, share: 1, server: createServer() };
  proxy.server.on('request', (incoming: IncomingMessage, response) => {
    incoming.on('error', () => undefined);
    const { fault } = proxy;
    const spoilt = fault !== undefined && incoming.method === 'POST' && random() < proxy.share;
    const onward = ask(`${behind}${incoming.url ?? ''}`, { method: incoming.method, headers: { ...incoming.headers, host: new URL(behind).host } }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => {
        const good = { status: answer.statusCode ?? 0, headers: answer.headers as Record<string, string>, body: Buffer.concat(pieces) };
        if (response.destroyed) return;
        if (spoilt && good.status === 200) fault(response, good, random); // what the server refuses itself needs no spoiling
        else response.writeHead(good.status, good.headers).end(good.body);
      });
    });
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(proxy.server.address() as AddressInfo).port}`;
  after(() => {
    proxy.server.closeAllConnections();
    proxy.server.close();
  });
  return proxy;
}
