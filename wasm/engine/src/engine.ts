// The engine: the module behind typed, disposable handles that throw OfframpError. Bindings convert, the core decides.
import { OfframpError } from './errors.js';
import { parseReport, type Json, type JsonObject } from './json.js';
import type {
  Answers, Backend, Encoding, Exited, Features, ModuleFactory, ModuleOptions, PackageFile, Part, ProfiledStep, RawAugmenter, RawEvaluator, RawHandle, RawModule, RawResult,
  RawRuntime, RawSession, RawStreamEvaluator, RawStreamSession, SessionMemory, Split, StageOutputs, StageResult, StepProgress, StreamAnswer, StreamRule,
  Verdict,
} from './raw_module.js';
import type { InspectReport, StreamReport } from './reports.js';
import type { RawTensor } from './tensor.js';
import { defaultThreadStartLimitMs, startThreads } from './thread_start.js';
import { chooseVariant, detectFeatures, type EngineOptions, type Variant } from './variants.js';

export interface SplitShares {
  train: number;
  select: number;
  certify: number;
  test: number;
}

/** Source of the module: its factory, and its bytes or the module compiled from them where the host hands them in; which of the builds it is. */
export interface EngineSource {
  factory: ModuleFactory;
  wasmBinary?: Uint8Array | ArrayBuffer;
  /** For hosts that compile ahead, such as workerd. Of a variant without threads. */
  wasmModule?: WebAssembly.Module | undefined;
  locateFile?: (name: string) => string;
  variant: Variant;
  threads: number;
  /** How long the threads' workers may take to load. Default 10 s. */
  threadStartLimitMs?: number | undefined;
}

/** Errors: internal if the host cannot start the module; unsupported if it cannot start the threads. */
export async function loadEngine(source: EngineSource): Promise<Engine> {
  const { factory, variant, threads, threadStartLimitMs = defaultThreadStartLimitMs, wasmModule, ...given } = source;
  const options: ModuleOptions = wasmModule === undefined ? given : { ...given, instantiateWasm: instantiationOf(wasmModule) };
  try {
    const module = threads > 1 ? await startThreads(factory, { ...options, workers: threads - 1 }, threadStartLimitMs) : await factory(options);
    const engine = new Engine(module, variant, threads);
    engine.useThreads(threads);
    return engine;
  } catch (thrown) {
    throw OfframpError.from(thrown).within('starting the WebAssembly module');
  }
}

function instantiationOf(wasmModule: WebAssembly.Module): NonNullable<ModuleOptions['instantiateWasm']> {
  return (imports, receive) => receive(new WebAssembly.Instance(wasmModule, imports));
}

/**
 * The variant that `options` and the host choose, fetched by `fetchModule`; of the variant "auto" the one without threads
 * where threads do not start. Errors: as chooseVariant, fetchModule and loadEngine.
 */
export async function loadVariant(
  options: EngineOptions, fetchModule: (variant: Variant) => Promise<Pick<EngineSource, 'factory' | 'wasmBinary'>>, features = detectFeatures(),
): Promise<Engine> {
  const { variant, threads } = chooseVariant(options, features);
  const { threadStartLimitMs } = options;
  try {
    return await loadEngine({ ...await fetchModule(variant), variant, threads, threadStartLimitMs });
  } catch (thrown) {
    const startsWithout = threads > 1 && (options.variant ?? 'auto') === 'auto' && thrown instanceof OfframpError && thrown.code === 'unsupported';
    if (!startsWithout) throw thrown;
    return loadVariant({ ...options, threads: 1 }, fetchModule, features);
  }
}

export class Engine {
  private readonly live = new Set<Handle<RawHandle>>();
  private module: RawModule | undefined;

  /** The module must have loaded `threads` - 1 workers. */
  constructor(module: RawModule, readonly variant: Variant = 'simd', readonly threads = 1) {
    this.module = module;
  }

  private get raw(): RawModule {
    if (this.module === undefined) throw new OfframpError('invalid_argument', 'the engine was disposed');
    return this.module;
  }

  /** Handles created from now on run on 1 thread or on all of `threads`. Results are the same. Errors: invalid_argument. */
  useThreads(count: number): void {
    if (count !== 1 && count !== this.threads) throw new OfframpError('invalid_argument', `the engine runs on ${this.threads === 1 ? '1 thread' : `1 or ${this.threads} threads`}, not on ${count}`);
    unwrap(() => this.raw.setThreads(count));
  }

  /** In the module's memory, allocated and not freed: for leak tests and reports. */
  get allocatedBytes(): number {
    return this.raw.allocatedBytes();
  }

  /** Frees all handles and ends the threads. Needed where the host lives on: a page, a long-running server. */
  dispose(): void {
    for (const handle of [...this.live]) handle.dispose();
    this.module?.PThread?.terminateAllThreads();
    this.module = undefined;
  }

  /** Handles not yet disposed: for leak tests. */
  get liveHandles(): number {
    return this.live.size;
  }

  inspect(onnx: Uint8Array): InspectReport {
    return parseReport(unwrap(() => this.raw.inspectModel(onnx)), 'the inspect report');
  }

  /** Rows of each part; `groups` keeps rows of equal number together. */
  splitRows(labels: Int32Array, groups: Float64Array | undefined, shares: SplitShares, seed: number): Split {
    const none = new Float64Array(0);
    return unwrap(() => this.raw.splitRows(labels, groups ?? none, JSON.stringify(shares), seed));
  }

  createSession(onnx: Uint8Array, backend: Backend = 'xnnpack'): Session {
    return this.adopt(new Session(unwrap(() => this.raw.createSession(onnx, backend)), this.live));
  }

  createAugmenter(onnx: Uint8Array, options: JsonObject): Augmenter {
    return this.adopt(new Augmenter(unwrap(() => this.raw.createAugmenter(onnx, JSON.stringify(options))), this.live));
  }

  /** `partial`: files of stages that run elsewhere may be missing. */
  createRuntime(files: PackageFile[], backend: Backend = 'xnnpack', { partial = false } = {}): Runtime {
    return this.adopt(new Runtime(unwrap(() => this.raw.createRuntime(files, backend, partial)), this.live));
  }

  /** An f32 tensor as it travels. Errors: invalid_data if it is not finite. */
  encodeBoundary(boundary: RawTensor, encoding: Encoding): Uint8Array {
    return unwrap(() => this.raw.encodeBoundary(boundary, encoding));
  }
  /** The inverse. Errors: invalid_data for another number of bytes, or values that are not finite. */
  decodeBoundary(bytes: Uint8Array, encoding: Encoding, dims: readonly number[]): RawTensor {
    return unwrap(() => this.raw.decodeBoundary({ dtype: 'u8', dims: [bytes.length], data: bytes }, encoding, [...dims]));
  }

  evaluatorFromPackage(files: PackageFile[], backend: Backend = 'xnnpack'): Evaluator {
    return this.adopt(new Evaluator(unwrap(() => this.raw.createEvaluatorFromPackage(files, backend)), this.live));
  }

  evaluatorFromModel(onnx: Uint8Array, preprocess: Json[], backend: Backend = 'xnnpack'): Evaluator {
    const steps = JSON.stringify(preprocess);
    return this.adopt(new Evaluator(unwrap(() => this.raw.createEvaluatorFromModel(onnx, steps, backend)), this.live));
  }

  /** A package on a stream of windows: `threshold` is the most that may have changed for an answer to be repeated. */
  createStreamSession(files: PackageFile[], rule: StreamRule, threshold: number, backend: Backend = 'xnnpack'): StreamSession {
    return this.adopt(new StreamSession(unwrap(() => this.raw.createStreamSession(files, rule, threshold, backend)), this.live));
  }

  createStreamEvaluator(files: PackageFile[], backend: Backend = 'xnnpack'): StreamEvaluator {
    return this.adopt(new StreamEvaluator(unwrap(() => this.raw.createStreamEvaluator(files, backend)), this.live));
  }

  private adopt<T extends Handle<RawHandle>>(handle: T): T {
    this.live.add(handle);
    return handle;
  }
}

/** Owns an object in the module's memory until dispose(). */
export abstract class Handle<R extends RawHandle> {
  private raw: R | undefined;

  constructor(raw: R, private readonly live: Set<Handle<RawHandle>>) {
    this.raw = raw;
  }

  protected get object(): R {
    if (this.raw === undefined) throw new OfframpError('invalid_argument', `${this.constructor.name} was disposed`);
    return this.raw;
  }

  /** Frees the object; further calls do nothing. */
  dispose(): void {
    const raw = this.raw;
    this.raw = undefined;
    this.live.delete(this as unknown as Handle<RawHandle>);
    raw?.delete();
  }
}
export interface Handle<R extends RawHandle> {
  [Symbol.dispose](): void;
}
// Hosts without explicit resource management have no such symbol; they call dispose().
if (typeof Symbol.dispose === 'symbol') {
  Handle.prototype[Symbol.dispose] = function (this: Handle<RawHandle>) {
    this.dispose();
  };
}

/** A plain model. */
export class Session extends Handle<RawSession> {
  run(inputs: RawTensor[]): RawTensor[] {
    return unwrap(() => this.object.run(inputs));
  }
  executedMacs(): number {
    return this.object.executedMacs();
  }
  /** Times every step of later runs, from zero; it costs a little time itself. */
  setProfiling(on: boolean): void {
    this.object.setProfiling(on);
  }
  /** Steps in the order in which they run. */
  profile(): ProfiledStep[] {
    return JSON.parse(unwrap(() => this.object.profile())) as ProfiledStep[];
  }
  memory(): SessionMemory {
    return JSON.parse(unwrap(() => this.object.memory())) as SessionMemory;
  }
}

/** From rows to a package: addRows() for every chunk of every part, step() until finished, result() and package(). */
export class Augmenter extends Handle<RawAugmenter> {
  /**
   * `groups` of train rows stay together wherever rows are divided. With a record of these rows nothing is run.
   * Errors, of a record: invalid_argument if it is not of these rows, invalid_data if it is damaged; then nothing was added.
   */
  addRows(part: Part, x: RawTensor, labels: Int32Array, groups: Float64Array = new Float64Array(0), record: Uint8Array = new Uint8Array(0)): void {
    unwrap(() => this.object.addRows(part, x, labels, groups, record));
  }
  /** ONNX, for a server to extract features: rows [n, ...] -> "features" f32 [n, ...], "logits" f32 [n, classes]. */
  featureModel(): Uint8Array {
    return unwrap(() => this.object.featureModel());
  }
  /** Raw rows as that model takes them, f32. */
  prepare(x: RawTensor): RawTensor {
    return unwrap(() => this.object.prepare(x));
  }
  /** In place of addRows(), with what that model answered for prepare(x). Errors: invalid_data if it does not fit the first row, which is extracted here too. */
  addFeatures(part: Part, x: RawTensor, labels: Int32Array, groups: Float64Array = new Float64Array(0), { features, logits }: Features): void {
    unwrap(() => this.object.addFeatures(part, x, labels, groups, features, logits));
  }
  /** What was extracted of rows [begin, end) of a part, before the first step. */
  rowsRecord(part: Part, begin: number, end: number): Uint8Array {
    return unwrap(() => this.object.rowsRecord(part, begin, end));
  }
  /** All that the steps so far have found; from the phase "search" on, that it begins. */
  searchRecord(): Uint8Array {
    return unwrap(() => this.object.searchRecord());
  }
  /**
   * After all rows and before the first step: step() goes on from the record, to the very same result.
   * Errors: invalid_argument if it is of another model, options, rows or version; invalid_data if it is damaged.
   */
  resume(record: Uint8Array): StepProgress {
    return unwrap(() => this.object.resume(record));
  }
  step(): StepProgress {
    return unwrap(() => this.object.step());
  }
  /**
   * By exit point that features are kept of, the best share of the rows heads are graded on that a head there has answered right so far;
   * 0 where there is none yet.
   */
  accuracies(): Float32Array {
    return this.object.accuracies();
  }
  /** From the search on, also where it failed: as if created with `options`, which may differ in what plans are chosen by, targets included; step() goes on at the search. */
  replan(options: JsonObject): void {
    unwrap(() => this.object.replan(JSON.stringify(options)));
  }
  /**
   * After the last step: the plan is now this one of the report's `pareto`, whatever the limits say; with targets step() goes on.
   * Errors: invalid_argument; infeasible if it cannot be mapped within the targets' limits.
   */
  pick(plan: number): void {
    unwrap(() => this.object.pick(plan));
  }
  result(): JsonObject {
    return parseReport(unwrap(() => this.object.result()), 'the augment report');
  }
  /** `hostEvidence` is merged into the manifest's evidence. */
  package(hostEvidence: JsonObject): PackageFile[] {
    return unwrap(() => this.object.package(JSON.stringify(hostEvidence), false));
  }

  /** The package's manifest.json, which alone depends on the evidence. */
  manifest(hostEvidence: JsonObject): PackageFile {
    return unwrap(() => this.object.package(JSON.stringify(hostEvidence), true))[0] as PackageFile;
  }
}

/** A package, run stage by stage or to its answer. */
export class Runtime extends Handle<RawRuntime> {
  manifest(): JsonObject {
    return parseReport(unwrap(() => this.object.manifest()), 'the manifest');
  }
  stageCount(): number {
    return this.object.stageCount();
  }
  executedMacs(): number {
    return this.object.executedMacs();
  }
  begin(x: RawTensor): StageResult {
    return unwrap(() => this.object.begin(x));
  }
  runStage(stage: number, boundary: RawTensor): StageResult {
    return unwrap(() => this.object.runStage(stage, boundary));
  }
  run(x: RawTensor): Exited {
    return unwrap(() => this.object.run(x));
  }
  hasStage(stage: number): boolean {
    return this.object.hasStage(stage);
  }
  /** A raw sample as stage 0 takes it. */
  prepare(x: RawTensor): RawTensor {
    return unwrap(() => this.object.prepare(x));
  }
  /** A stage on f32 [rows, ...], without decisions. */
  runRows(stage: number, rows: RawTensor): StageOutputs {
    return unwrap(() => this.object.runRows(stage, rows));
  }
  /** The decisions after a stage, from its logits f32 [rows, classes]. */
  judge(stage: number, logits: RawTensor): Verdict[] {
    return unwrap(() => this.object.judge(stage, logits));
  }
}

/** Base and staged model side by side on the rows last set. */
export class Evaluator extends Handle<RawEvaluator> {
  staged(): boolean {
    return this.object.staged();
  }
  setRows(x: RawTensor, labels: Int32Array): void {
    unwrap(() => this.object.setRows(x, labels));
  }
  runBase(row: number): void {
    unwrap(() => this.object.runBase(row));
  }
  runStaged(row: number): void {
    unwrap(() => this.object.runStaged(row));
  }
  result(): JsonObject {
    return parseReport(unwrap(() => this.object.result()), 'the evaluate report');
  }
  answers(): Answers {
    return JSON.parse(unwrap(() => this.object.answers())) as Answers;
  }
}

/** Windows in order of time; forget() where another record begins. */
export class StreamSession extends Handle<RawStreamSession> {
  run(x: RawTensor): StreamAnswer {
    return unwrap(() => this.object.run(x));
  }
  forget(): void {
    this.object.forget();
  }
  executedMacs(): number {
    return this.object.executedMacs();
  }
}

/** What a stream rule would do: rows of both parts in order of time, then result(). */
export class StreamEvaluator extends Handle<RawStreamEvaluator> {
  /** `starts` is 1 where a record begins. */
  addRows(part: 'select' | 'test', x: RawTensor, labels: Int32Array, starts: Int32Array): void {
    unwrap(() => this.object.addRows(part, x, labels, starts));
  }
  result(rule: StreamRule, maxHarm: number): StreamReport {
    return parseReport(unwrap(() => this.object.result(rule, maxHarm)), 'the stream report');
  }
}

function unwrap<T>(call: () => RawResult<T>): T {
  let answer: RawResult<T>;
  try {
    answer = call();
  } catch (thrown) {
    // The module never throws: a trap or a failed allocation ended it.
    if (thrown instanceof OfframpError) throw thrown;
    throw new OfframpError('internal', `the WebAssembly module stopped: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  if ('error' in answer) throw OfframpError.fromRecord(answer.error);
  return answer.value;
}

/** Work with handles created on one thread, as packages run unless told otherwise. */
export async function oneThread<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  engine.useThreads(1);
  try {
    return await work();
  } finally {
    engine.useThreads(engine.threads);
  }
}
