// What is asked of those who run stages, and what they answer: plain data, which may cross to a worker.
import type { ErrorRecord } from '../errors.js';
import type { Backend, Encoding, PackageFile } from '../raw_module.js';

export interface OffloadSettings {
  url: string;
  token?: string | undefined;
}

/** What a node runs. */
export interface StageSetup {
  /** The manifest, and the stages that may run here: [from, to), and later ones to finish with if `offload` fails. */
  files: PackageFile[];
  backend: Backend;
  /** Stages [from, to) run here; later ones at `offload`. All from `from` on unless told. */
  from: number;
  to?: number | undefined;
  offload?: OffloadSettings | undefined;
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
