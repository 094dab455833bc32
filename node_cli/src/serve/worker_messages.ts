// What the server's thread and its workers say to each other.
import type { Backend, ErrorRecord, PackageFile } from '@offramp/engine';
import type { Rows } from './models.js';

export interface OffloadSettings {
  url: string;
  token?: string | undefined;
}

/** How a worker starts. */
export interface WorkerSetup {
  files: PackageFile[];
  backend: Backend;
  /** Stages [from, to) run here; later ones at `offload`. */
  from: number;
  to: number;
  offload?: OffloadSettings | undefined;
}

/** Requests for one stage that run together. */
export interface Job {
  id: number;
  stage: number;
  continues: boolean;
  requests: (Rows & { deadlineMs: number })[];
}

/** Per request; tensors are f32 or i32, rows first. */
export type JobResult =
  | { kind: 'stage'; logits?: Uint8Array; boundary?: Uint8Array }
  | { kind: 'answer'; probabilities: Float32Array; classes: Int32Array; exits: Int32Array; scores: Float32Array; degraded: Uint8Array; reason?: string }
  | { kind: 'error'; error: ErrorRecord };

export type FromStageWorker =
  | { kind: 'ready' }
  | { kind: 'failed'; error: ErrorRecord }
  /** It computes nothing any more and can take the next job; results may still wait for another server. */
  | { kind: 'idle' }
  | { kind: 'done'; id: number; results: JobResult[] };
