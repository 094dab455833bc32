// A module that answers like the real one but computes nothing: for the drivers' own logic.
import { Engine, type Dataset, type RawAugmenter, type RawEvaluator, type RawModule, type RawResult, type StepProgress } from '@offramp/engine';

export interface FakeLog {
  added: { part: string; rows: number; first: number }[];
  /** Rows that came with a record. */
  recorded: number;
  steps: number;
  runs: string[];
  deleted: number;
  options: unknown;
  evidence: unknown;
  replans: unknown[];
  picks: number[];
}

export interface FakeOptions {
  /** Busy milliseconds per step. */
  stepMilliseconds?: number;
  packaged?: 'plan' | 'paper_method';
  failStep?: boolean;
}

const ok = <T>(value: T): RawResult<T> => ({ value });

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const rowsRecord = (part: string, count: number): string => `${count} ${part}`;

function busy(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

function fakeAugmenter(log: FakeLog, options: FakeOptions): RawAugmenter {
  const script: StepProgress[] = [
    { phase: 'screen', done: 1, total: 2 }, { phase: 'train', done: 0, total: 3 }, { phase: 'train', done: 1, total: 3 },
    { phase: 'search', done: 0, total: 1 }, { phase: 'finished', done: 1, total: 1 },
  ];
  return {
    addRows: (part, x, labels, _groups, record) => {
      const added = { part, rows: labels.length, first: x.data[0] ?? -1 };
      if (record.length > 0) {
        if (decode(record) !== rowsRecord(added.part, added.rows)) return { error: { code: 'invalid_argument', message: 'it is of other rows', context: ['record of rows'] } };
        log.recorded += labels.length;
      }
      log.added.push(added);
      return ok(null);
    },
    featureModel: () => ok(new Uint8Array(0)),
    prepare: (x) => ok(x),
    addFeatures: () => ok(null),
    rowsRecord: (part, begin, end) =>
      (log.steps > 0 ? { error: { code: 'invalid_argument', message: 'too late', context: [] } } : ok(encode(rowsRecord(part, end - begin)))),
    searchRecord: () => ok(encode(`${log.steps}`)),
    resume: (record) => {
      const steps = Number(decode(record));
      if (!Number.isInteger(steps)) return { error: { code: 'invalid_data', message: 'damaged', context: ['record of the search'] } };
      log.steps = steps;
      return ok(script[steps - 1] as StepProgress);
    },
    step: () => {
      busy(options.stepMilliseconds ?? 1);
      if (options.failStep === true) return { error: { code: 'infeasible', message: 'no plan', context: ['search'] } };
      return ok(script[Math.min(log.steps++, script.length - 1)] as StepProgress);
    },
    accuracies: () => new Float32Array(0),
    replan: (json) => {
      log.replans.push(JSON.parse(json));
      log.steps = script.findIndex(({ phase }) => phase === 'search') + 1;
      return ok(null);
    },
    pick: (plan) => {
      log.picks.push(plan);
      log.steps = script.findIndex(({ phase }) => phase === 'search') + 1;
      return ok(null);
    },
    result: () => ok(JSON.stringify({
      base: { accuracy: 0.9, macs: 10, parameters: 3 }, plan: { exits: [], mean_latency_ns: null }, paper_method: { exits: [], mean_latency_ns: null },
      pareto: [], search: { exit_points: 4 }, rows: {}, evidence: { packaged: options.packaged ?? 'plan' },
    })),
    package: (evidence) => {
      log.evidence = JSON.parse(evidence);
      return ok([{ name: 'manifest.json', bytes: encode('{"stages": []}') }]);
    },
    delete: () => { log.deleted += 1; },
  };
}

function fakeEvaluator(log: FakeLog, staged: boolean): RawEvaluator {
  let rows = 0;
  return {
    staged: () => staged,
    setRows: (_, labels) => {
      log.runs.push(`set ${labels.length}`);
      return ok(null);
    },
    runBase: (row) => {
      rows += 1;
      log.runs.push(`base ${row}`);
      busy(0.02);
      return ok(null);
    },
    runStaged: (row) => {
      log.runs.push(`staged ${row}`);
      return ok(null);
    },
    result: () => ok(JSON.stringify({ samples: rows, accuracy: 1, base_macs: 5 })),
    answers: () => ok(JSON.stringify({ labels: Array(rows).fill(0), base: Array(rows).fill(0) })),
    delete: () => { log.deleted += 1; },
  };
}

export function fakeEngine(options: FakeOptions = {}): { engine: Engine; log: FakeLog } {
  const log: FakeLog = { added: [], recorded: 0, steps: 0, runs: [], deleted: 0, options: undefined, evidence: undefined, replans: [], picks: [] };
  const refuse = (): never => {
    throw new Error('not part of the fake');
  };
  const raw: RawModule = {
    setThreads: () => ok(null), threads: () => 1, allocatedBytes: () => 0,
    inspectModel: () => ok(JSON.stringify({ inputs: [{ name: 'x', shape: ['N', 1] }], outputs: [], macs: 10 })),
    createSession: () => ok({ run: () => ok([]), executedMacs: () => 10, setProfiling: refuse, profile: refuse, memory: refuse, delete: () => undefined }),
    splitRows: refuse, createRuntime: refuse, encodeBoundary: refuse, decodeBoundary: refuse,
    createAugmenter: (_, json) => {
      log.options = JSON.parse(json);
      return ok(fakeAugmenter(log, options));
    },
    createEvaluatorFromPackage: () => ok(fakeEvaluator(log, true)),
    createEvaluatorFromModel: () => ok(fakeEvaluator(log, false)),
    createStreamSession: refuse, createStreamEvaluator: refuse,
  };
  return { engine: new Engine(raw), log };
}

/** Rows of one byte that count up from `first`, with two classes. */
export function fakeData(name: string, rows: number, first = 0): Dataset {
  return {
    name, x: { dtype: 'u8', dims: [rows, 1], data: Uint8Array.from({ length: rows }, (_, row) => first + row) },
    y: Int32Array.from({ length: rows }, (_, row) => row % 2),
  };
}
