// A host starts subjects: engines in processes (Node) or workers of pages (Chromium) of their own.
import type { Reply, Request } from '../subject.js';

export interface RemoteSubject {
  ask(request: Request): Promise<Reply>;
  close(): Promise<void>;
}

export interface Host {
  name: 'node' | 'chromium';
  description: string;
  start(): Promise<RemoteSubject>;
  close(): Promise<void>;
}
