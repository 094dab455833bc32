// What the server's thread and its workers say to each other.
import type { ErrorRecord } from '@offramp/engine';
import type { JobResult, StageSetup } from '@offramp/engine/serving';

/** Shared by the server's thread and one worker: the rows of the job that runs. It is written only while the worker is idle. */
export interface WorkerData extends StageSetup {
  area: SharedArrayBuffer;
}

export type FromStageWorker =
  | { kind: 'ready' }
  | { kind: 'failed'; error: ErrorRecord }
  /** It computes nothing any more and can take the next job; results still wait for another server. */
  | { kind: 'idle' }
  /** `idle`: likewise, and this job is done. */
  | { kind: 'done'; id: number; results: JobResult[]; idle: boolean };
