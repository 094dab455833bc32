// Drives the core's augmenter from rows to a package in bounded pieces: progress, cancelling, and measured times.
import { checkSeveralClasses, checkLabelRange, sliceDataset, type Dataset } from './data/dataset.js';
import { remarkOnBase, remarkOnClassLimit, remarkOnPlaces, remarkOnRows } from './data/remarks.js';
import type { Augmenter, Engine } from './engine.js';
import { throwIfAborted, within } from './errors.js';
import { measureLatency, type HostControls, type LatencyKeys } from './evaluate.js';
import { ProgressKeeper, type KeptProgress } from './kept_progress.js';
import { isJsonObject, type Json, type JsonObject } from './json.js';
import { ProgressEstimator, type PhaseSpec } from './progress.js';
import type { Backend, PackageFile, Part } from './raw_module.js';
import type { AugmentReport } from './reports.js';
import { ChunkSizer, Scheduler } from './scheduler.js';
import { measureSpeed, measureStages } from './speed.js';

/** What the core's Augmenter takes; left out means its default. */
export interface AugmentOptions {
  maxDropPp?: number | undefined;
  /** Most that any class may lose, in points of its own rows. */
  maxClassDropPp?: number | undefined;
  /** A share; what no plan and not even the model reaches is refused as infeasible. */
  minAccuracy?: number | undefined;
  rule?: 'harm' | 'accuracy' | 'weighted' | undefined;
  /** For the rule weighted: of cost, against the rest on error. */
  costWeight?: number | undefined;
  maxExits?: number | undefined;
  levels?: number | undefined;
  seed?: number | undefined;
  epochs?: number | undefined;
  /** Balanced: rare classes weigh more while heads are trained. */
  classWeights?: 'none' | 'balanced' | undefined;
  backend?: Backend | undefined;
  method?: 'joint' | 'paper' | undefined;
  /** Certify that harm is at most so many percentage points; `data.certify` must be there. */
  certifyPp?: number | undefined;
  /** Of the certificate, in percent. */
  confidence?: number | undefined;
  /** What the paper's method weighs cost with, 0 to 1; accuracy has the rest. */
  paperCostWeight?: number | undefined;
  /** Thresholds of the paper's method are multiplied by it, where select rows are those the model was trained on. */
  paperCorrection?: number | undefined;
  preprocess: Json[];
  labels?: string[] | undefined;
  /** The name of a preset, or targets.json itself. */
  targets?: Json | undefined;
  cost?: 'macs' | 'latency' | 'energy' | 'link_bytes' | undefined;
  /** Of the worst case, in place of the targets' own limit. */
  maxLatencyMs?: number | undefined;
}

/** Without select rows (a set of none), thresholds are chosen on the train rows, by heads that were trained without them. */
export interface AugmentData {
  train: Dataset;
  select: Dataset;
  test: Dataset;
  certify?: Dataset | undefined;
  /** What was said about how the rows came about; the report repeats it. */
  said?: readonly string[] | undefined;
}

export interface AugmentHost extends HostControls {
  /** The model's, to refuse labels past them before any work. */
  classes?: number | undefined;
  /** What a user should know about the data or the model; the report's `remarks` too. */
  onRemark?: ((remark: string) => void) | undefined;
  /** Where to keep progress, and to go on from what is there; a search that goes on comes to the same plan as one that ran through. */
  kept?: KeptProgress | undefined;
}

export interface AugmentOutcome {
  report: AugmentReport;
  files: PackageFile[];
}

const largestChunk = 64;
const latencyEffort = { most: 200, least: 10, milliseconds: 20_000 };
// Seconds relative to each other on a small residual network; the estimator corrects them as it goes.
const phases: PhaseSpec[] = [
  { name: 'extract', weight: 4 }, { name: 'screen', weight: 1 }, { name: 'qualify', weight: 4 }, { name: 'rank', weight: 1 },
  { name: 'train', weight: 12 }, { name: 'score', weight: 1 }, { name: 'paper', weight: 2 }, { name: 'search', weight: 2 }, { name: 'certify', weight: 0.5 }, { name: 'evaluate', weight: 1 }, { name: 'measure', weight: 1 },
];

/**
 * A caller that lets go of the model's bytes after the call saves their memory once they have been read.
 * Errors: as the core's augmenter, naming the data; cancelled as soon as the piece at work is done.
 */
export function augmentModel(
  engine: Engine, model: Uint8Array, data: AugmentData, options: AugmentOptions, host: AugmentHost = {},
): Promise<AugmentOutcome> {
  return augmentPlans(engine, model, data, options, [], host).then(([first]) => first as AugmentOutcome);
}

/** What plans from the same heads may differ in. */
export type PlanOptions = Omit<AugmentOptions, 'seed' | 'epochs' | 'backend' | 'preprocess' | 'labels'>;

/**
 * As augmentModel, and then a plan for each of `others` from the same heads, which were chosen with `options` in view: features and
 * training, which take nearly all the time, are done once and counted in every report.
 */
export async function augmentPlans(
  engine: Engine, model: Uint8Array, data: AugmentData, options: AugmentOptions, others: readonly PlanOptions[], host: AugmentHost = {},
): Promise<AugmentOutcome[]> {
  checkData(data, host.classes);
  const remarks = [...(data.said ?? [])];
  const remark = (found: readonly string[]): void => {
    remarks.push(...found);
    for (const text of found) host.onRemark?.(text);
  };
  remark(remarkOnRows(data, options.labels));
  if (options.maxClassDropPp !== undefined) remark(remarkOnClassLimit(options.maxClassDropPp, data, options.labels));
  throwIfAborted(host.signal);
  const progress = new ProgressEstimator(phases, () => performance.now() / 1000);
  const report = (phase: string, done: number, total: number): void => host.onProgress?.(progress.update(phase, done, total));
  const backend = options.backend ?? 'xnnpack';
  const mapped = options.targets !== undefined || options.maxLatencyMs !== undefined || (options.cost ?? 'macs') !== 'macs';
  const speed = mapped ? await oneThread(engine, () => measureSpeed(engine, model, backend, host.signal)) : undefined;
  const augmenter = engine.createAugmenter(model, coreOptions(options, speed));
  model = new Uint8Array(0); // not to be kept by what waits below
  const keeper = host.kept && await ProgressKeeper.open(host.kept);
  try {
    const extract = await addAllRows(augmenter, data, report, keeper, host.signal);
    const resumed = await keeper?.takeSearch(augmenter);
    if (resumed !== undefined) progress.skipTo(resumed.phase, resumed.done, resumed.total);
    const outcomes: AugmentOutcome[] = [];
    let trained: number | undefined;
    for (const plan of [undefined, ...others]) {
      if (plan !== undefined) augmenter.replan(coreOptions({ ...options, ...plan }, speed));
      const { train, search } = await runSteps(augmenter, plan !== undefined ? 'search' : resumed?.phase ?? 'screen', report, keeper, host.signal);
      trained ??= train + (keeper?.before.train ?? 0);
      engine.useThreads(1); // as packages run unless told otherwise
      const latency = await measureLatency(engine, augmenter.package({}), data.test, backend, latencyEffort,
        (done, total) => report('measure', done, total), host.signal);
      const stages = mapped ? await measureStages(engine, augmenter.package({}), backend, host.signal) : undefined;
      engine.useThreads(engine.threads);
      const result = augmenter.result();
      const told = result as unknown as AugmentReport;
      if (plan === undefined) remark([...remarkOnPlaces(told), ...remarkOnBase(told.base.accuracy, data.test, options.labels)]);
      remark(remarkOnCertificate(told));
      const measured = { ...measuredEvidence(result, { extract: extract + (keeper?.before.extract ?? 0), train: trained, search }, latency, stages), remarks };
      outcomes.push({ report: withEvidence(result, measured), files: augmenter.package(measured) });
    }
    return outcomes;
  } catch (thrown) {
    if (host.signal?.aborted === true) await keeper?.keep(augmenter);
    throw thrown;
  } finally {
    engine.useThreads(engine.threads);
    augmenter.dispose();
  }
}

/** As packages run unless told otherwise. */
async function oneThread<T>(engine: Engine, work: () => Promise<T>): Promise<T> {
  engine.useThreads(1);
  try {
    return await work();
  } finally {
    engine.useThreads(engine.threads);
  }
}

/** A certificate that was asked for and could not be given is said aloud. */
function remarkOnCertificate({ plan, search }: AugmentReport): string[] {
  return search.certify === undefined || plan.certificate !== null ? [] : [search.certify.plain];
}

function checkData(data: AugmentData, classes: number | undefined): void {
  checkSeveralClasses(data.train);
  if (classes === undefined) return;
  for (const set of [data.train, data.select, data.test, ...(data.certify ? [data.certify] : [])]) {
    within(`data ${set.name}`, () => checkLabelRange(set.y, classes, 'the model has'));
  }
}

async function addAllRows(
  augmenter: Augmenter, data: AugmentData, report: (phase: string, done: number, total: number) => void, keeper: ProgressKeeper | undefined,
  signal: AbortSignal | undefined,
): Promise<number> {
  const start = performance.now();
  const scheduler = new Scheduler(signal);
  const sizer = new ChunkSizer(largestChunk);
  const total = data.train.y.length + data.select.y.length + data.test.y.length + (data.certify?.y.length ?? 0);
  let done = 0;
  for (const part of ['train', 'select', 'test', 'certify'] as const satisfies readonly Part[]) {
    const set = data[part];
    if (set === undefined) continue;
    const add = (begin: number, count: number, record?: Uint8Array): void => {
      const chunk = sliceDataset(set, begin, begin + count);
      within(`data ${set.name} (${part})`, () => augmenter.addRows(part, chunk.x, chunk.y, part === 'train' ? chunk.groups : undefined, record));
    };
    for (let begin = 0; begin < set.y.length;) {
      const left = set.y.length - begin;
      let count = await keeper?.takeRows(part, begin, left, (rows, record) => add(begin, rows, record)) ?? 0;
      if (count === 0) {
        count = Math.min(sizer.rows, left);
        const chunkStart = performance.now();
        add(begin, count);
        sizer.record(performance.now() - chunkStart);
        await keeper?.extracted(augmenter, part, begin, count);
      }
      begin += count;
      done += count;
      report('extract', done, total);
      await scheduler.breathe();
    }
  }
  return (performance.now() - start) / 1000;
}

/** From the phase `first` to the end. */
async function runSteps(
  augmenter: Augmenter, first: string, report: (phase: string, done: number, total: number) => void, keeper: ProgressKeeper | undefined,
  signal: AbortSignal | undefined,
): Promise<{ train: number; search: number }> {
  const scheduler = new Scheduler(signal);
  const seconds = { train: 0, search: 0 };
  for (let phase = first; phase !== 'finished';) {
    const start = performance.now();
    const step = augmenter.step();
    const took = (performance.now() - start) / 1000;
    // The answer names the phase that comes next; the time belongs to the one before.
    if (phase === 'search' || phase === 'evaluate') seconds.search += took;
    else seconds.train += took;
    phase = step.phase;
    if (step.phase !== 'finished') report(step.phase, step.done, step.total);
    await keeper?.stepped(augmenter, step);
    await scheduler.breathe();
  }
  return seconds;
}

function coreOptions(options: AugmentOptions, speed: number | undefined): JsonObject {
  const named: Record<string, Json | undefined> = {
    max_drop_pp: options.maxDropPp, max_class_drop_pp: options.maxClassDropPp, min_accuracy: options.minAccuracy,
    cost_weight: options.costWeight, rule: options.rule, max_exits: options.maxExits, levels: options.levels, seed: options.seed,
    epochs: options.epochs, class_weights: options.classWeights, backend: options.backend, method: options.method, certify_pp: options.certifyPp, confidence: options.confidence,
    paper_cost_weight: options.paperCostWeight, paper_correction: options.paperCorrection, preprocess: options.preprocess, labels: options.labels,
    targets: options.targets, cost: options.cost, max_latency_ms: options.maxLatencyMs, measured_macs_per_s: speed,
  };
  return Object.fromEntries(Object.entries(named).filter((entry): entry is [string, Json] => entry[1] !== undefined));
}

/** What only the host knows, in the shape of the report: also the core merges it into the manifest's evidence so. */
function measuredEvidence(
  result: JsonObject, seconds: AugmentReport['search']['seconds'], latency: LatencyKeys, stagesNs: readonly number[] | undefined,
): JsonObject {
  const evidence = result['evidence'];
  const packaged = isJsonObject(evidence) && evidence['packaged'] === 'paper_method' ? 'paper_method' : 'plan';
  return {
    base: { mean_latency_ns: latency.base_mean_latency_ns, median_latency_ns: latency.base_median_latency_ns },
    [packaged]: {
      mean_latency_ns: latency.mean_latency_ns, median_latency_ns: latency.median_latency_ns, latency_samples: latency.latency_samples,
      ...(stagesNs === undefined ? {} : { stage_latency_ns: [...stagesNs] }),
    },
    search: { seconds: { ...seconds } },
  };
}

function withEvidence(result: JsonObject, measured: JsonObject): AugmentReport {
  const merged: JsonObject = { ...result };
  for (const [key, value] of Object.entries(measured)) {
    const before = result[key];
    merged[key] = isJsonObject(before) && isJsonObject(value) ? { ...before, ...value } : value;
  }
  return merged as unknown as AugmentReport;
}
