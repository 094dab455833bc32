// A link between a client and a server: so long a delay each way, so many bytes per second each way, shared by all connections.
// Only bytes are delayed: opening a connection takes no time.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Shape {
  /** There and back. */
  rttMs: number;
  /** Each way. */
  bytesPerS: number;
}

/** One direction: bytes leave one after the other at the line's rate, and arrive a delay later. */
export class Line {
  private freeAt = -Infinity;

  constructor(private readonly bytesPerS: number, private readonly delayMs: number) {}

  /** When the last of so many bytes arrives, if they are handed in now. */
  send(bytes: number, nowMs: number): number {
    this.freeAt = Math.max(nowMs, this.freeAt) + (bytes * 1000) / this.bytesPerS;
    return this.freeAt + this.delayMs;
  }
}

const timerMs = 2; // timers fire in steps of a millisecond, and late

/** Does things at their times, which never fall, one after the other and hardly late. */
class Timetable {
  private readonly entries: { due: number; work: () => void }[] = [];

  add(due: number, work: () => void): void {
    this.entries.push({ due, work });
    if (this.entries.length === 1) this.wait();
  }

  private readonly wait = (): void => {
    for (let next = this.entries[0]; next !== undefined; next = this.entries[0]) {
      const left = next.due - performance.now();
      if (left > 0) {
        if (left > timerMs) setTimeout(this.wait, left - timerMs);
        else setImmediate(this.wait);
        return;
      }
      next.work();
      this.entries.shift();
    }
  };
}

function carry(from: Socket, to: Socket, line: Line): void {
  const timetable = new Timetable();
  const later = (bytes: number, work: () => void): void => timetable.add(line.send(bytes, performance.now()), work);
  from.on('data', (piece: Buffer) => later(piece.length, () => {
    if (!to.destroyed) to.write(piece);
  }));
  from.on('end', () => later(0, () => to.end()));
  from.on('error', () => undefined);
  from.on('close', () => later(0, () => to.destroy()));
}

export interface ShapedProxy {
  url: string;
  close(): void;
}

/** `behind` is an http URL of this machine. */
export async function shapedProxy(behind: string, { rttMs, bytesPerS }: Shape): Promise<ShapedProxy> {
  const { hostname, port } = new URL(behind);
  const there = new Line(bytesPerS, rttMs / 2);
  const back = new Line(bytesPerS, rttMs / 2);
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const onward = connect(Number(port), hostname);
    for (const socket of [client, onward]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    }
    carry(client, onward, there);
    carry(onward, client, back);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
