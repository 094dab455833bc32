// Progress kept in memory, which can be looked at, and which fails when asked to.
import { OfframpError, type ProgressStore } from '@offramp/engine';

export class MemoryStore implements ProgressStore {
  readonly files = new Map<string, Uint8Array>();
  writes = 0;
  failing = false;
  read(name: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.files.get(name));
  }
  write(name: string, bytes: Uint8Array): Promise<void> {
    this.writes += 1;
    if (this.failing) return Promise.reject(new OfframpError('invalid_argument', 'the disk is full'));
    this.files.set(name, bytes);
    return Promise.resolve();
  }
  clear(): Promise<void> {
    this.files.clear();
    return Promise.resolve();
  }
  put(name: string, text: string): void {
    this.files.set(name, new TextEncoder().encode(text));
  }
  text(name: string): string {
    return new TextDecoder().decode(this.files.get(name));
  }
}
