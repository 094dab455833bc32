// What the page and its worker say to each other. Each step adds its calls in calls/<step>.ts; here they come together.
import type { Engine, ErrorRecord } from '@offramp/engine';
import type { DataCalls } from './calls/data.js';
import type { ModelCalls } from './calls/model.js';
import type { PackageCalls } from './calls/package.js';
import type { PlanCalls } from './calls/plan.js';
import type { RunCalls } from './calls/run.js';
import type { SearchCalls } from './calls/search.js';
import type { TargetsCalls } from './calls/targets.js';

/** One call: what it takes, what it answers, and what it tells on the way. All of it can be cloned. */
export interface Call<Args, Result, Progress = never> {
  args: Args;
  result: Result;
  progress: Progress;
}

export type EngineApi = ModelCalls & DataCalls & PackageCalls & PlanCalls & RunCalls & SearchCalls & TargetsCalls;
export type CallName = keyof EngineApi;

/** What a handler works with. */
export interface CallContext<Progress> {
  /** Loaded when first asked for; another one after the module stopped, so keep nothing of it between calls. */
  engine(): Promise<Engine>;
  /** What the worker keeps between calls. */
  state: WorkerState;
  signal: AbortSignal;
  progress(progress: Progress): void;
}

export type Handlers<Api> = {
  [Name in keyof Api]: Api[Name] extends Call<infer Args, infer Result, infer Progress>
    ? (args: Args, context: CallContext<Progress>) => Promise<Result> | Result
    : never;
};

/** Large things stay in the worker; the page has summaries. Handlers of other steps add fields by declaration merging. */
export interface WorkerState {
  model?: { name: string; bytes: Uint8Array };
}

export interface StartOptions {
  /** The folder with one folder per build of the module. */
  baseUrl: string;
  threads: number;
}

export type ToWorker =
  | { kind: 'start'; options: StartOptions }
  | { kind: 'call'; id: number; name: CallName; args: unknown }
  | { kind: 'abort'; id: number };

export type FromWorker =
  | { kind: 'progress'; id: number; progress: unknown }
  | { kind: 'result'; id: number; result: unknown }
  | { kind: 'error'; id: number; error: ErrorRecord };
