// One model's rows of the table: augmented by every method, and every package measured on the test rows as it would be deployed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  augmentModel, augmentPlans, evaluateRows, makeParts, modelClasses, oneThread, sampleRows, type Answers, type AugmentOutcome, type AugmentReport, type Dataset, type Engine, type EvaluateReport,
  type Parts,
} from '@offramp/engine';
import { readData, readModel } from 'offramp/inputs';
import { changeInterval, macroF1, pairedCounts, worstRecallChange, type RecallChange } from './paired.js';
import { methods, type Method, type ModelTask } from './tasks.js';

/** How a plan, or another model in place of the base, compares with the base on the same test rows. */
export interface Comparison {
  accuracy: number;
  accuracyChangePp: number;
  /** 95 %, from the rows on which both differ. */
  accuracyChange95Pp: [number, number];
  harmed: number;
  mended: number;
  meanMacs: number;
  macsChangePct: number;
  meanLatencyNs: number;
  latencyChangePct: number;
  macroF1ChangePp: number;
  worstClass: RecallChange;
}

export interface MethodRow extends Comparison {
  method: Method['id'];
  title: string;
  exits: { at: string; head: string; score: string; threshold: number; rate: number }[];
  seconds: AugmentReport['search']['seconds'];
  certificate: unknown;
  remarks: string[];
}

export interface StaticRow extends Comparison {
  title: string;
}

export interface ModelResult {
  id: string;
  title: string;
  task: ModelTask['task'];
  labels: string[];
  base: { accuracy: number; macroF1: number; macs: number; parameters: number; meanLatencyNs: number };
  rows: AugmentReport['rows'];
  exitPoints: number;
  methods: MethodRow[];
  statics: StaticRow[];
  /** Of the 1 pp search, on the test rows. */
  front: { accuracy: number; meanMacs: number }[];
  /** Methods that this build cannot run, and why. */
  left: { title: string; why: string }[];
}

export interface Limits {
  /** At most so many rows of each part, drawn by the seed. */
  rows: number | undefined;
  epochs: number | undefined;
  seed: number;
}

const middle: Method['id'] = 'harm_1';

/** `options` are those that `offramp augment` knows. */
export async function collectModel(
  engine: Engine, task: ModelTask, dataFolder: string, limits: Limits, options: ReadonlySet<string>, say: (text: string) => void,
): Promise<ModelResult> {
  const model = await readModel(join(dataFolder, task.model));
  const parts = await readParts(engine, task, dataFolder, limits);
  const preprocess = parts.train.preprocess ?? [];
  const inspected = engine.inspect(model);
  const host = (what: string) => ({
    classes: modelClasses(inspected),
    onProgress: ({ phase, done, total }: { phase: string; done: number; total: number }): void => say(`${task.id}, ${what}: ${phase} ${done} of ${total}`),
  });
  const base = await oneThread(engine, () => evaluateRows(engine, { model, preprocess }, parts.test, {}, host('base')));
  const result: ModelResult = {
    id: task.id, title: task.title, task: task.task, labels: parts.test.labels ?? [],
    base: {
      accuracy: base.report.accuracy, macroF1: base.report.macro_f1, macs: inspected.macs, parameters: inspected.parameters, meanLatencyNs: base.report.mean_latency_ns,
    },
    rows: { train: 0, select: 0, certify: 0, test: 0 }, exitPoints: 0, methods: [], statics: [], front: [], left: [],
  };
  for (const { title, model: path } of task.statics) {
    const smaller = await readModel(join(dataFolder, path));
    const measured = await oneThread(engine, () => evaluateRows(engine, { model: smaller, preprocess }, parts.test, {}, host(title)));
    result.statics.push({ title, ...compareModels(base, measured) });
  }
  const asked = task.methods.map((id) => methods.find((one) => one.id === id) as Method);
  const able = ({ needs }: Method): boolean => needs === undefined || options.has(needs);
  for (const { title, needs } of asked.filter((method) => !able(method))) result.left.push({ title, why: `offramp augment has no --${needs}` });
  // Heads are chosen for the plan in the middle, at 1 pp; the others are made from the same.
  const [first, ...others] = [...asked.filter(able)].sort((a, b) => Number(b.id === middle) - Number(a.id === middle)) as [Method, ...Method[]];
  const how = { preprocess, labels: parts.train.labels, seed: limits.seed, epochs: limits.epochs };
  const shared = others.filter((method) => method.options['certifyPp'] === undefined);
  const outcomes = await augmentPlans(engine, model, parts, { ...how, ...first.options }, shared.map((method) => method.options), host('augment'));
  const order = [first, ...shared];
  // A certificate takes rows of its own, so its heads are chosen on fewer.
  for (const method of others.filter((other) => !shared.includes(other))) {
    const certified = await readParts(engine, task, dataFolder, limits, true);
    outcomes.push(await augmentModel(engine, model, certified, { ...how, ...method.options }, host(method.title)));
    order.push(method);
  }
  for (const method of asked.filter(able)) {
    const { report, files } = outcomes[order.indexOf(method)] as AugmentOutcome;
    const measured = await oneThread(engine, () => evaluateRows(engine, { package: files }, parts.test, {}, host(`${method.title}, measured`)));
    result.methods.push(methodRow(method, report, measured));
    if (method === first) result.rows = report.rows;
    result.exitPoints = report.search.exit_points;
    if (method === first) result.front = report.pareto.map(({ accuracy, mean_macs }) => ({ accuracy, meanMacs: mean_macs }));
  }
  return result;
}

export function missingFiles(task: ModelTask, dataFolder: string): string[] {
  const needed = [task.model, task.data, ...(task.select === undefined ? [] : [task.select]), task.test, ...task.statics.map(({ model }) => model)];
  return needed.map((path) => join(dataFolder, path)).filter((path) => !existsSync(path));
}

async function readParts(engine: Engine, task: ModelTask, dataFolder: string, { rows, seed }: Limits, certified = false): Promise<Parts> {
  const data = await readData(join(dataFolder, task.data), undefined, undefined);
  const other = (path: string): Promise<Dataset> => readData(join(dataFolder, path), data.labels, undefined);
  const select = task.select === undefined ? undefined : await other(task.select);
  const parts = makeParts(engine, { data, test: await other(task.test), ...(select ? { select } : {}) }, seed, certified);
  if (rows === undefined) return parts;
  return { ...parts, train: sampleRows(parts.train, rows, seed), select: sampleRows(parts.select, rows, seed), test: sampleRows(parts.test, rows, seed) };
}

interface Measured {
  report: EvaluateReport;
  answers: Answers;
}

function methodRow(method: Method, { plan, paper_method, search, remarks }: AugmentReport, measured: Measured): MethodRow {
  const packaged = method.id === 'paper' && paper_method !== null ? paper_method : plan;
  const { report, answers } = measured;
  return {
    method: method.id, title: method.title,
    ...compareAnswers(answers.labels, answers.base, answers.staged ?? answers.base),
    meanMacs: report.mean_macs, macsChangePct: report.mean_macs_change_pct,
    // The base is measured by turns with the package.
    meanLatencyNs: report.mean_latency_ns, latencyChangePct: change(report.base_mean_latency_ns, report.mean_latency_ns),
    exits: packaged.exits.map(({ at, head, score, threshold }, index) => ({ at, head, score, threshold, rate: report.exit_rates[index] ?? 0 })),
    seconds: search.seconds, certificate: packaged.certificate ?? null, remarks,
  };
}

/** `other` runs in place of the base. */
export function compareModels(base: Measured, other: Measured): Comparison {
  return {
    ...compareAnswers(base.answers.labels, base.answers.base, other.answers.base),
    meanMacs: other.report.base_macs, macsChangePct: change(base.report.base_macs, other.report.base_macs),
    meanLatencyNs: other.report.mean_latency_ns, latencyChangePct: change(base.report.mean_latency_ns, other.report.mean_latency_ns),
  };
}

function compareAnswers(labels: readonly number[], before: readonly number[], now: readonly number[]):
Omit<Comparison, 'meanMacs' | 'macsChangePct' | 'meanLatencyNs' | 'latencyChangePct'> {
  const counts = pairedCounts(labels, before, now);
  const [low, high] = changeInterval(counts);
  const right = now.filter((answer, row) => answer === labels[row]).length;
  return {
    accuracy: right / labels.length, accuracyChangePp: (100 * (counts.mended - counts.harmed)) / labels.length, accuracyChange95Pp: [100 * low, 100 * high],
    harmed: counts.harmed, mended: counts.mended, macroF1ChangePp: 100 * (macroF1(labels, now) - macroF1(labels, before)),
    worstClass: worstRecallChange(labels, before, now),
  };
}

const change = (before: number, now: number): number => 100 * (now / before - 1);
