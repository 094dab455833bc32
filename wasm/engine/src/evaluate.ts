// Drives the core's evaluator over a dataset: accuracy, executed MACs and measured time of base and staged model.
import { checkLabelRange, drawRows, sampleRows, sliceDataset, type Dataset } from './data/dataset.js';
import type { Engine, Evaluator } from './engine.js';
import { throwIfAborted, within } from './errors.js';
import type { Json, JsonObject } from './json.js';
import { LatencyMeter } from './latency.js';
import { ProgressEstimator, type ProgressListener } from './progress.js';
import type { Answers, Backend, PackageFile } from './raw_module.js';
import type { EvaluateReport } from './reports.js';
import { Scheduler } from './scheduler.js';

/** A package, or a plain model with its preprocessing. */
export type Subject = { package: PackageFile[] } | { model: Uint8Array; preprocess: Json[]; classes?: number | undefined };

export interface HostControls {
  onProgress?: ProgressListener | undefined;
  signal?: AbortSignal | undefined;
}

const warmUpRows = 50;
const warmUpMilliseconds = 5000; // fewer rows warm up a large model, of which each takes long
const timedRows = 1000; // of a large set; the others are run once, for their answers alone
const rowsAtOnce = 256; // handed to the module together, so that its memory holds few rows

function createEvaluator(engine: Engine, subject: Subject, backend: Backend): Evaluator {
  return 'package' in subject
    ? engine.evaluatorFromPackage(subject.package, backend)
    : engine.evaluatorFromModel(subject.model, subject.preprocess, backend);
}

/** Errors: as the core's evaluator, naming the data; cancelled. */
export async function evaluateModel(
  engine: Engine, subject: Subject, data: Dataset, options: { backend?: Backend } = {}, host: HostControls = {},
): Promise<EvaluateReport> {
  return (await evaluateRows(engine, subject, data, options, host)).report;
}

/** As evaluateModel, with every row's answers. */
export async function evaluateRows(
  engine: Engine, subject: Subject, data: Dataset, options: { backend?: Backend } = {}, host: HostControls = {},
): Promise<{ report: EvaluateReport; answers: Answers }> {
  const backend = options.backend ?? 'xnnpack';
  if ('model' in subject && subject.classes !== undefined) {
    const { classes } = subject;
    within(`data ${data.name}`, () => checkLabelRange(data.y, classes, 'the model has'));
  }
  throwIfAborted(host.signal);
  const progress = new ProgressEstimator([{ name: 'evaluate', weight: 1 }], () => performance.now() / 1000);
  const onRow = (done: number): void => host.onProgress?.(progress.update('evaluate', done, data.y.length));
  return withEvaluator(engine, subject, backend, async (evaluator) => {
    const meter = await runRows(evaluator, data, timedRows, onRow, host.signal);
    const result = evaluator.result();
    const complete = evaluator.staged() ? result : { ...unstagedKeys(result), ...result };
    return { report: { ...complete, ...latencyKeys(meter) } as unknown as EvaluateReport, answers: evaluator.answers() };
  });
}

/** A plain model is compared with itself, so that the report has the same keys. */
function unstagedKeys(result: JsonObject): JsonObject {
  return {
    accuracy_change_pp: 0, harm_pp: 0, harmed: 0, mended: 0, class_recall_change_pp: [], exit_rates: [1],
    mean_macs: result['base_macs'] ?? 0, mean_macs_change_pct: 0,
  };
}

/** How many rows are timed: `most`, or fewer where they take longer than `milliseconds`, but at least `least`. */
export interface LatencyEffort {
  most: number;
  least: number;
  milliseconds: number;
}

/** Time of a package and its base on some of the rows, after warm-up. */
export async function measureLatency(
  engine: Engine, files: PackageFile[], data: Dataset, backend: Backend, effort: LatencyEffort,
  onRows: (done: number, total: number) => void, signal?: AbortSignal,
): Promise<LatencyKeys> {
  const measured = sampleRows(data, effort.most, 0);
  const total = measured.y.length;
  return withEvaluator(engine, { package: files }, backend, async (evaluator) => {
    let end: number | undefined; // from the first row on, when all is warm
    const enough = (done: number): boolean => {
      end ??= performance.now() + effort.milliseconds;
      return done >= effort.least && performance.now() > end;
    };
    const meter = await runRows(evaluator, measured, total, (done) => onRows(done, total), signal, enough);
    onRows(total, total);
    return latencyKeys(meter);
  });
}

async function withEvaluator<T>(engine: Engine, subject: Subject, backend: Backend, work: (evaluator: Evaluator) => Promise<T>): Promise<T> {
  const evaluator = createEvaluator(engine, subject, backend);
  try {
    return await work(evaluator);
  } finally {
    evaluator.dispose();
  }
}

/**
 * Runs every row, `mostTimed` of them under the meter, until `enough`. The first rows are run beforehand to warm up: no row
 * counts twice.
 */
async function runRows(
  evaluator: Evaluator, data: Dataset, mostTimed: number, onRow: (done: number) => void, signal: AbortSignal | undefined,
  enough: (done: number) => boolean = () => false,
): Promise<LatencyMeter> {
  const meter = new LatencyMeter(evaluator);
  const scheduler = new Scheduler(signal);
  const timed = new Uint8Array(data.y.length);
  for (const row of drawRows(data.y.length, mostTimed, 0)) timed[row] = 1;
  const run = async (row: number, work: (row: number) => void): Promise<void> => {
    within(`data ${data.name}`, () => work(row));
    await scheduler.breathe();
  };
  const runOnce = (row: number): void => {
    evaluator.runBase(row);
    if (evaluator.staged()) evaluator.runStaged(row);
  };
  for (let begin = 0; begin < data.y.length; begin += rowsAtOnce) {
    const chunk = sliceDataset(data, begin, Math.min(begin + rowsAtOnce, data.y.length));
    within(`data ${data.name}`, () => evaluator.setRows(chunk.x, chunk.y));
    const warm = performance.now() + warmUpMilliseconds;
    for (let row = 0; begin === 0 && row < Math.min(warmUpRows, chunk.y.length) && performance.now() < warm; row += 1) await run(row, runOnce);
    for (let row = 0; row < chunk.y.length; row += 1) {
      if (enough(begin + row)) return meter;
      await run(row, timed[begin + row] === 1 ? (timedRow) => meter.runRow(timedRow) : runOnce);
      onRow(begin + row + 1);
    }
  }
  return meter;
}

export type LatencyKeys = Pick<EvaluateReport,
  'mean_latency_ns' | 'base_mean_latency_ns' | 'median_latency_ns' | 'base_median_latency_ns' | 'latency_samples'>;

function latencyKeys(meter: LatencyMeter): LatencyKeys {
  const staged = meter.stagedFigures();
  const base = meter.baseFigures();
  return {
    mean_latency_ns: staged.meanNs, base_mean_latency_ns: base.meanNs,
    median_latency_ns: staged.medianNs, base_median_latency_ns: base.medianNs, latency_samples: staged.samples,
  };
}
