// So many connections that each send one request after another, over plain sockets: a client that costs next to nothing.
import { connect, type Socket } from 'node:net';

export interface Load {
  url: string;
  path: string;
  headers: Record<string, string>;
  body: Uint8Array;
  connections: number;
  requests: number;
}

export interface LoadResult {
  /** Of every answer, in order of their end. */
  latenciesNs: number[];
  seconds: number;
  /** Statuses other than 200, and connections that ended, by name. */
  lost: Record<string, number>;
}

/** Never fails: what goes wrong is counted. */
export async function runLoad({ url, path, headers, body, connections, requests }: Load): Promise<LoadResult> {
  const { hostname, port } = new URL(url);
  const head = `POST ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: ${body.length}\r\n${Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  const message = Buffer.concat([Buffer.from(head), body]);
  const latenciesNs: number[] = [];
  const lost: Record<string, number> = {};
  const lose = (why: string): void => { lost[why] = (lost[why] ?? 0) + 1; };
  let left = requests;
  const begin = performance.now();
  await Promise.all(Array.from({ length: connections }, async () => {
    const socket = await open(hostname, Number(port));
    while (left-- > 0) {
      const start = performance.now();
      socket.write(message);
      const status = await answer(socket);
      latenciesNs.push((performance.now() - start) * 1e6);
      if (status === undefined) {
        lose('connection ended');
        break;
      }
      if (status !== 200) lose(`status ${status}`);
    }
    socket.destroy();
  }));
  return { latenciesNs, seconds: (performance.now() - begin) / 1000, lost };
}

function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** The status, once the whole answer is there; undefined if the connection ends. */
function answer(socket: Socket): Promise<number | undefined> {
  return new Promise((resolve) => {
    let bytes: Buffer = Buffer.alloc(0);
    const end = (status: number | undefined): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      resolve(status);
    };
    const onClose = (): void => end(undefined);
    const onData = (piece: Buffer): void => {
      bytes = bytes.length === 0 ? piece : Buffer.concat([bytes, piece]);
      const headEnd = bytes.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = bytes.subarray(0, headEnd).toString('latin1');
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      if (bytes.length >= headEnd + 4 + length) end(Number(head.slice(9, 12)));
    };
    socket.on('data', onData);
    socket.on('close', onClose);
  });
}
