// The Embind module as it is: every call answers {value} or {error} and nothing throws.
import type { ErrorRecord } from './errors.js';
import type { RawTensor } from './tensor.js';

export type RawResult<T> = { value: T } | { error: ErrorRecord };
export type Backend = 'xnnpack' | 'reference';
export type Part = 'train' | 'select' | 'test' | 'certify';

export interface PackageFile {
  /** "manifest.json", "stages/0.onnx" */
  name: string;
  bytes: Uint8Array;
}

export interface Split {
  train: Int32Array;
  select: Int32Array;
  certify: Int32Array;
  test: Int32Array;
}

export interface RawHandle {
  delete(): void;
}

export interface RawSession extends RawHandle {
  run(inputs: RawTensor[]): RawResult<RawTensor[]>;
  executedMacs(): number;
  setProfiling(on: boolean): void;
  /** JSON: a list of ProfiledStep. */
  profile(): RawResult<string>;
  /** JSON: SessionMemory. */
  memory(): RawResult<string>;
}

/** What a session needs beside the tensors that its caller holds. */
export interface SessionMemory {
  /** Packed weights and other constants. */
  weight_bytes: number;
  /** Planned for the batch size last run. */
  activation_bytes: number;
}

/** A piece of a session's work and the time spent on it by all runs since profiling was switched on. */
export interface ProfiledStep {
  /** Of nodes fused into one step, the last one. */
  node: string;
  op: string;
  /** Whose code ran it: "xnnpack", "own" or "reference". */
  kernel: string;
  /** For one sample. */
  macs: number;
  total_ns: number;
}

export interface StepProgress {
  phase: 'screen' | 'qualify' | 'rank' | 'train' | 'pooled' | 'score' | 'paper' | 'search' | 'certify' | 'evaluate' | 'finished';
  done: number;
  total: number;
}

/** What heads are trained on, of some rows: f32 [n, features] and [n, classes]. */
export interface Features {
  features: RawTensor;
  logits: RawTensor;
}

export interface RawAugmenter extends RawHandle {
  addRows(part: Part, x: RawTensor, labels: Int32Array, groups: Float64Array, record: Uint8Array): RawResult<null>;
  featureModel(): RawResult<Uint8Array>;
  prepare(x: RawTensor): RawResult<RawTensor>;
  addFeatures(part: Part, x: RawTensor, labels: Int32Array, groups: Float64Array, features: RawTensor, logits: RawTensor): RawResult<null>;
  rowsRecord(part: Part, begin: number, end: number): RawResult<Uint8Array>;
  searchRecord(): RawResult<Uint8Array>;
  resume(record: Uint8Array): RawResult<StepProgress>;
  step(): RawResult<StepProgress>;
  accuracies(): Float32Array;
  replan(optionsJson: string): RawResult<null>;
  pick(plan: number): RawResult<null>;
  result(): RawResult<string>;
  package(hostEvidenceJson: string, manifestOnly: boolean): RawResult<PackageFile[]>;
}

export interface Exited {
  predictedClass: number;
  probabilities: Float32Array;
  /** Number of the stage that answered. */
  exit: number;
  score: number;
}
/** `early` is the answer that was not sure enough, where the stage has an exit. */
export type StageResult = { exited: Exited } | { needsStage: { stage: number; boundary: RawTensor; early?: Exited } };

/** A stage's outputs for rows; logits where it has an exit or is the last, a boundary where it is not. */
export interface StageOutputs {
  logits?: RawTensor;
  boundary?: RawTensor;
}
/** `stands`: sure enough, or the last stage's. */
export interface Verdict extends Exited {
  stands: boolean;
}
/** How a boundary tensor travels: u8 is the scale as f32, the zero point as i32, then a byte an element. */
export const encodings = ['f32', 'f16', 'u8'] as const;
export type Encoding = (typeof encodings)[number];

export interface RawRuntime extends RawHandle {
  manifest(): RawResult<string>;
  stageCount(): number;
  executedMacs(): number;
  begin(x: RawTensor): RawResult<StageResult>;
  runStage(stage: number, boundary: RawTensor): RawResult<StageResult>;
  run(x: RawTensor): RawResult<Exited>;
  hasStage(stage: number): boolean;
  prepare(x: RawTensor): RawResult<RawTensor>;
  runRows(stage: number, rows: RawTensor): RawResult<StageOutputs>;
  judge(stage: number, logits: RawTensor): RawResult<Verdict[]>;
}

/** By row; -1 for what was not run. */
export interface Answers {
  labels: number[];
  base: number[];
  /** Of a package. */
  staged?: number[];
}

export interface RawEvaluator extends RawHandle {
  staged(): boolean;
  setRows(x: RawTensor, labels: Int32Array): RawResult<null>;
  runBase(row: number): RawResult<null>;
  runStaged(row: number): RawResult<null>;
  result(): RawResult<string>;
  /** JSON: Answers. */
  answers(): RawResult<string>;
}

export type StreamRule = 'difference' | 'patience';
/** If reused, the first exit's answer but for the class, which is the scene's. */
export interface StreamAnswer extends Exited {
  reused: boolean;
}

export interface RawStreamSession extends RawHandle {
  run(x: RawTensor): RawResult<StreamAnswer>;
  forget(): void;
  executedMacs(): number;
}

export interface RawStreamEvaluator extends RawHandle {
  addRows(part: 'select' | 'test', x: RawTensor, labels: Int32Array, starts: Int32Array): RawResult<null>;
  /** JSON: StreamReport. */
  result(rule: StreamRule, maxHarm: number): RawResult<string>;
}

export interface ThreadWorker {
  onerror: unknown;
}

export interface RawModule {
  setThreads(count: number): RawResult<null>;
  threads(): number;
  /** Allocated and not freed, whatever the heap's size. */
  allocatedBytes(): number;
  /** Of variants with threads. */
  PThread?: { unusedWorkers: ThreadWorker[]; terminateAllThreads(): void };
  inspectModel(onnx: Uint8Array): RawResult<string>;
  splitRows(labels: Int32Array, groups: Float64Array, sharesJson: string, seed: number): RawResult<Split>;
  createSession(onnx: Uint8Array, backend: Backend): RawResult<RawSession>;
  createAugmenter(onnx: Uint8Array, optionsJson: string): RawResult<RawAugmenter>;
  createRuntime(files: PackageFile[], backend: Backend, partial: boolean): RawResult<RawRuntime>;
  encodeBoundary(boundary: RawTensor, encoding: Encoding): RawResult<Uint8Array>;
  /** `bytes`: a tensor u8. */
  decodeBoundary(bytes: RawTensor, encoding: Encoding, dims: number[]): RawResult<RawTensor>;
  createEvaluatorFromPackage(files: PackageFile[], backend: Backend): RawResult<RawEvaluator>;
  createEvaluatorFromModel(onnx: Uint8Array, preprocessJson: string, backend: Backend): RawResult<RawEvaluator>;
  createStreamSession(files: PackageFile[], rule: StreamRule, threshold: number, backend: Backend): RawResult<RawStreamSession>;
  createStreamEvaluator(files: PackageFile[], backend: Backend): RawResult<RawStreamEvaluator>;
}

/**
 * `wasmBinary` hands the bytes in where the host cannot or may not fetch, `instantiateWasm` an instance where it may not compile; `workers` load before the module is ready, and
 * `preRun` is called just before they do. The factory makes these options the module.
 */
export interface ModuleOptions {
  wasmBinary?: Uint8Array | ArrayBuffer;
  locateFile?: (name: string) => string;
  workers?: number;
  preRun?: () => void;
  /** Instead of fetching and compiling: hands the instance to `receive` and returns its answer. */
  instantiateWasm?: (imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => object) => object;
}
/** The default export of offramp.mjs. */
export type ModuleFactory = (options?: ModuleOptions) => Promise<RawModule>;
