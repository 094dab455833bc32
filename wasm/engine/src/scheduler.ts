// Lets the host's event loop breathe between bounded pieces of work, so that progress is shown and aborting works.
import { throwIfAborted } from './errors.js';

const sliceMilliseconds = 80; // under the promised 100 ms, with room for the piece that overruns

/** One turn of the event loop. setTimeout would be clamped to 4 ms in a page. */
export function nextTurn(): Promise<void> {
  const immediate = (globalThis as { setImmediate?: (callback: () => void) => unknown }).setImmediate;
  if (immediate !== undefined) return new Promise((resolve) => immediate(resolve));
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(null);
  });
}

/** Call breathe() between pieces: it yields when a slice is used up. Errors: cancelled. */
export class Scheduler {
  private sliceStart = performance.now();

  constructor(private readonly signal: AbortSignal | undefined) {}

  async breathe(): Promise<void> {
    if (performance.now() - this.sliceStart >= sliceMilliseconds) {
      await nextTurn();
      this.sliceStart = performance.now();
    }
    throwIfAborted(this.signal);
  }
}

/** A chunk size that keeps a piece of work near a third of a slice, from 1 to `largest`. */
export class ChunkSizer {
  private size = 4;

  constructor(private readonly largest: number) {}

  get rows(): number {
    return Math.min(this.size, this.largest);
  }

  record(milliseconds: number): void {
    if (milliseconds < sliceMilliseconds / 4) this.size = Math.min(this.size * 2, this.largest);
    else if (milliseconds > sliceMilliseconds / 2) this.size = Math.max(1, Math.floor(this.size / 2));
  }
}
