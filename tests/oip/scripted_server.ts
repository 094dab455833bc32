// A server that answers what a test says, byte for byte, and keeps what it was asked.
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Scripted {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export type Script = (asked: Asked, response: ServerResponse) => Scripted | undefined;

export interface ScriptedServer {
  url: string;
  asked: Asked[];
  script: Script;
  server: Server;
}

/** Ends with the test file. A script that answers by itself returns undefined. */
export async function scriptedServer(script: Script = () => ({ status: 404, body: '{"error":"nothing here"}' })): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const scripted: ScriptedServer = { url: '', asked, script, server: createServer() };
  scripted.server.on('request', (request, response) => {
    const pieces: Buffer[] = [];
    request.on('error', () => undefined);
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) };
      asked.push(one);
      const answer = scripted.script(one, response);
      if (answer !== undefined) response.writeHead(answer.status ?? 200, answer.headers ?? {}).end(answer.body ?? '');
    });
  });
  await new Promise<void>((resolve) => scripted.server.listen(0, '127.0.0.1', resolve));
  scripted.url = `http://127.0.0.1:${(scripted.server.address() as AddressInfo).port}`;
  after(() => {
    scripted.server.closeAllConnections();
    scripted.server.close();
  });
  return scripted;
}
