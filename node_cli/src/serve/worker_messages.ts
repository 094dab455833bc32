// What the server's thread and its workers say to each other.
import type { Backend, Encoding, ErrorRecord, PackageFile } from '@offramp/engine';

export interface OffloadSettings {
  url: string;
  token?: string | undefined;
}

/** How a worker starts. */
export interface WorkerSetup {
  /** The manifest, and the stages that may run here: [from, to), and later ones to finish with if `offload` fails. */
  files: PackageFile[];
  backend: Backend;
  /** Stages [from, to) run here; later ones at `offload`. */
  from: number;
  to: number;
  offload?: OffloadSettings | undefined;
}
/** Shared by the server's thread and one worker: the rows of the job that runs. It is written only while the worker is idle. */
export interface WorkerData extends WorkerSetup {
  area: SharedArrayBuffer;
}

/** A request's rows lie behind those of the one before it. */
export interface JobRequest {
  count: number;
  encoding: Encoding;
  bytes: number;
  /** Of u8, by row. */
  scales?: Float32Array;
  zeroPoints?: Int32Array;
  deadlineMs: number;
}

/** Requests for one stage that run together. */
export interface Job {
  id: number;
  stage: number;
  continues: boolean;
  requests: JobRequest[];
}

/** Per request; tensors are f32 or i32, rows first. */
export type JobResult =
  | { kind: 'stage'; logits?: Uint8Array; boundary?: Uint8Array }
  | { kind: 'answer'; probabilities: Float32Array; classes: Int32Array; exits: Int32Array; scores: Float32Array; degraded: Uint8Array; reason?: string }
  | { kind: 'error'; error: ErrorRecord };

export type FromStageWorker =
  | { kind: 'ready' }
  | { kind: 'failed'; error: ErrorRecord }
  /** It computes nothing any more and can take the next job; results still wait for another server. */
  | { kind: 'idle' }
  /** `idle`: likewise, and this job is done. */
  | { kind: 'done'; id: number; results: JobResult[]; idle: boolean };
