// The run step's calls: one input to its answer, here or with a server's help, and all test rows at once.
import {
  checkLabelRange, continuationModel, evaluateRows, OfframpError, readDataset, sliceDataset, stageModel, toTypedArray, within, withinAsync, type Dataset, type Encoding, type EvaluateReport, type Progress,
  type RawTensor, type StagedAnswer,
} from '@offramp/engine';
import { OipClient, OipError } from '@offramp/oip';
import { givenTree, type GivenBlob } from '../data/given_tree.js';
import { pictureDecoder } from '../data/pictures.js';
import type { Call, CallContext, Handlers } from '../protocol.js';
import { heldPackage, runningPackage, type Offload, type RunningPackage } from './package.js';
import type { LinkFailure } from './targets.js';

declare module '../protocol.js' {
  interface WorkerState {
    /** Rows to try and to evaluate on: the search's test rows, or others. */
    runRows?: Dataset;
  }
}

export interface RunAnswer extends Pick<StagedAnswer, 'predictedClass' | 'exit' | 'score' | 'degraded' | 'why'> {
  probabilities: number[];
  /** Of the whole way; the median of a few runs where all of it is here. */
  ns: number;
  macs: number;
  stages: { from: number; to: number; where: string; ns: number; macs: number; bytesSent: number; encoding?: Encoding; failure?: string }[];
  /** The whole model on the same input. */
  base?: { predictedClass: number; ns: number };
}

export interface RowsSummary {
  name: string;
  rows: number;
}
export interface SampleRow {
  values: Float32Array;
  dims: number[];
  label: number;
}

export type RunCalls = {
  /** A raw sample, or the number of one of the rows. */
  runSample: Call<{ sample: RawTensor | number; compare: boolean; offload?: Offload | undefined; deadlineMs: number }, RunAnswer>;
  /** Whether a server answers, and which models it has that go on from the stage. */
  tryServer: Call<{ offload: Offload }, { ms: number; models: string[] } | LinkFailure>;
  /** Rows of the search, if there are any that nothing was chosen on. */
  searchRows: Call<null, RowsSummary | undefined>;
  /** Other rows. */
  readRows: Call<{ files: GivenBlob[] }, RowsSummary>;
  sampleRow: Call<{ row: number }, SampleRow>;
  evaluateRows: Call<null, { report: EvaluateReport; labels: number[]; base: number[]; staged: number[] }, Progress>;
};

const enoughMs = 30; // of repeating a sample, so that a short time is told well
const mostRepeats = 5;
const warmUpRuns = 5;
const warmUpMs = 400; // for a slow machine's first runs
const tryMs = 5000;

function notThere(thrown: unknown): boolean {
  if (thrown instanceof OipError && thrown.kind === 'not_found') return false;
  throw thrown;
}

function rowsHeld({ state }: Pick<CallContext<never>, 'state'>): Dataset {
  const rows = state.runRows;
  if (rows === undefined || rows.y.length === 0) throw new OfframpError('invalid_argument', 'there are no rows yet; add some');
  return rows;
}

interface RunOptions {
  compare: boolean;
  /** All stages run here. */
  here: boolean;
  deadlineMs: number;
  signal: AbortSignal;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

async function answerOf({ session, base, warm }: RunningPackage, x: RawTensor, { compare, here, deadlineMs, signal }: RunOptions): Promise<RunAnswer> {
  if (compare) base.setRows(x, new Int32Array(1));
  const times: number[] = [];
  const baseTimes: number[] = [];
  let unwarmed = warm || !here ? 0 : warmUpRuns;
  let answer: StagedAnswer;
  const start = performance.now();
  let timed = 0;
  do {
    answer = await session.run(x, { signal, deadlineMs });
    const begin = performance.now();
    if (compare) base.runBase(0);
    const baseNs = (performance.now() - begin) * 1e6;
    unwarmed -= 1;
    if (unwarmed >= 0 && performance.now() - start < warmUpMs) continue;
    timed ||= performance.now();
    times.push(answer.trace.totalNs);
    if (compare) baseTimes.push(baseNs);
  } while (here && times.length < mostRepeats && (timed === 0 || performance.now() - timed < enoughMs));
  const { predictedClass, probabilities, exit, score, degraded, why, trace } = answer;
  const baseClass = compare ? base.answers().base.at(-1) : undefined;
  return {
    predictedClass, probabilities: [...probabilities], exit, score, degraded, ...(why === undefined ? {} : { why }), ns: median(times), macs: trace.macs,
    stages: trace.stages.map(({ from, to, where, ns, macs, bytesSent, encoding, failure }) => ({
      from, to, where, ns, macs, bytesSent, ...(encoding === undefined ? {} : { encoding }), ...(failure === undefined ? {} : { failure }),
    })),
    ...(baseClass === undefined ? {} : { base: { predictedClass: baseClass, ns: median(baseTimes) } }),
  };
}

export const runCalls: Handlers<RunCalls> = {
  async runSample({ sample, compare, offload, deadlineMs }, context) {
    const held = heldPackage(context);
    const engine = await context.engine();
    const running = runningPackage(engine, held, offload);
    const x = typeof sample === 'number' ? sliceDataset(rowsHeld(context), sample, sample + 1).x : sample;
    const answer = await answerOf(running, x, { compare, here: offload === undefined, deadlineMs, signal: context.signal });
    running.warm = true;
    return answer;
  },
  async tryServer({ offload: { url, token, from } }, { signal }) {
    try {
      const client = new OipClient(url, token === undefined || token === '' ? {} : { token });
      const call = { signal, timeoutMs: tryMs };
      const begin = performance.now();
      if (!await client.serverLive(call)) throw new OipError('overloaded', `${client.url} says that it is not live`);
      const ms = performance.now() - begin;
      const models: string[] = [];
      for (const name of [continuationModel(from, 'f32'), stageModel(from, 'f32')]) if (await client.modelReady(name, undefined, call).catch(notThere)) models.push(name);
      return { ms, models };
    } catch (thrown) {
      if (thrown instanceof OipError) return { failed: thrown.kind, message: thrown.message };
      throw thrown;
    }
  },
  searchRows: (_, { state }) => (state.runRows === undefined ? undefined : { name: state.runRows.name, rows: state.runRows.y.length }),
  async readRows({ files }, context) {
    const { manifest } = heldPackage(context);
    const model = manifest['model'] as { classes: number; labels: string[]; input: { shape: number[] } }; // the core has checked it
    const { tree, entry } = await givenTree(files);
    const channels = model.input.shape.length === 3 ? model.input.shape.find((size) => size === 1 || size === 3) : undefined;
    const rows = await readDataset(tree, entry, { decodePicture: pictureDecoder(channels), ...(model.labels.length === 0 ? {} : { classOrder: model.labels }) });
    within(`data ${rows.name}`, () => checkLabelRange(rows.y, model.classes, 'the package has'));
    context.state.runRows = rows;
    return { name: rows.name, rows: rows.y.length };
  },
  sampleRow({ row }, context) {
    const { x, y } = sliceDataset(rowsHeld(context), row, row + 1);
    return { values: Float32Array.from(toTypedArray(x) as ArrayLike<number>), dims: x.dims, label: y[0] ?? -1 };
  },
  async evaluateRows(_, context) {
    const held = heldPackage(context);
    const rows = rowsHeld(context);
    const engine = await context.engine();
    engine.useThreads(1); // for the evaluator, which the call makes at once
    const running = evaluateRows(engine, { package: held.files }, rows, {}, { onProgress: context.progress, signal: context.signal });
    engine.useThreads(engine.threads);
    const { report, answers } = await withinAsync(rows.name, () => running);
    return { report, labels: answers.labels, base: answers.base, staged: answers.staged ?? [] };
  },
};
