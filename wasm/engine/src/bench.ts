// Benchmarks a model or a package: warm medians and spread of whole calls, the time from bytes to a first result, and on
// request the time of each node.
import type { Engine } from './engine.js';
import { OfframpError, within } from './errors.js';
import { isJsonObject, type JsonObject } from './json.js';
import { profileNodes, type NodeTimes } from './profile.js';
import type { Backend, PackageFile } from './raw_module.js';
import type { ValueInfo } from './reports.js';
import { elementBytes, elementCount, type DataType, type RawTensor } from './tensor.js';
import { summariseTimes, timeByTurns, type RunTimes, type TimingOptions } from './timing.js';

/** Calls of a package whose answer comes from this stage: all stages up to it have run. */
export interface AnswerTimes extends RunTimes {
  stage: number;
  macs: number;
}

export interface BenchTimes extends RunTimes {
  variant: string;
  threads: number;
  backend: Backend;
  /** Of the whole model: of a package, all stages. */
  macs: number;
  /** Starting the engine, loading the model from its bytes and running it once. */
  first_result_ns: number;
  /** Of a package with several stages. */
  answers?: AnswerTimes[];
  profile?: NodeTimes[];
}

export interface BenchOptions extends TimingOptions {
  profile?: boolean;
}

/** Starts an engine of its own at every call. */
export type StartEngine = () => Promise<Engine>;

export type BenchSubject = { model: Uint8Array } | { package: PackageFile[] };

const mostProfiledRuns = 200;

/** Every configuration by turns, each with an engine of its own. Errors: as createSession and createRuntime; unsupported for open shapes. */
export async function benchmark(
  subject: BenchSubject, configurations: readonly StartEngine[], backend: Backend, options: BenchOptions = {},
): Promise<BenchTimes[]> {
  const candidates: Candidate[] = [];
  try {
    for (const start of configurations) {
      const engine = await start();
      const input = sampleFor(engine, subject);
      engine.dispose();
      candidates.push(await startCandidate(subject, input, start, backend));
    }
    const calls = candidates.flatMap((candidate) => candidate.calls.map((call) => ({ candidate, ...call })));
    const times = await timeByTurns(calls.map(({ run }) => run), options);
    return candidates.map((candidate) => {
      const answers = calls.flatMap(({ candidate: owner, macs }, index) => (owner === candidate ? [{ macs, ...summariseTimes(times[index] as number[]) }] : []));
      const whole = answers[answers.length - 1] as RunTimes & { macs: number };
      const runs = Math.min(whole.runs, mostProfiledRuns);
      return {
        variant: candidate.engine.variant, threads: candidate.engine.threads, backend, ...whole, first_result_ns: candidate.firstResultNs,
        ...(answers.length > 1 ? { answers: answers.map((answer, index) => ({ stage: candidate.answering[index] as number, ...answer })) } : {}),
        ...(options.profile ? { profile: profileNodes(candidate.engine, stagesOf(subject), candidate.input, backend, runs) } : {}),
      };
    });
  } finally {
    for (const { engine } of candidates) engine.dispose();
  }
}

interface Candidate {
  engine: Engine;
  input: RawTensor[];
  /** The stages that can answer: those that end in an exit, and the last. */
  answering: number[];
  /** One per stage that can answer; the last one runs everything. */
  calls: { run: () => void; macs: number }[];
  firstResultNs: number;
}

async function startCandidate(subject: BenchSubject, input: RawTensor[], start: StartEngine, backend: Backend): Promise<Candidate> {
  const answering = answeringStages(subject);
  const last = answering.pop() as number;
  const begin = performance.now();
  const engine = await start();
  const whole = createCall(engine, subject, input, backend, last);
  whole.run();
  const firstResultNs = Math.round((performance.now() - begin) * 1e6);
  const early = answering.map((stage) => createCall(engine, subject, input, backend, stage));
  for (const { run } of early) run();
  const all = [...early, whole];
  return {
    engine, input, firstResultNs, answering: [...answering, last],
    calls: all.map(({ run, handle }) => ({ run, macs: handle.executedMacs() })), // of one run each, until now
  };
}

interface Call {
  run: () => void;
  handle: { executedMacs(): number };
}

function createCall(engine: Engine, subject: BenchSubject, input: RawTensor[], backend: Backend, answer: number): Call {
  if ('model' in subject) {
    const session = within('loading the model', () => engine.createSession(subject.model, backend));
    return { handle: session, run: () => session.run(input) };
  }
  const runtime = engine.createRuntime(answeringAt(subject.package, answer), backend);
  return { handle: runtime, run: () => runtime.run(input[0] as RawTensor) };
}

/** The package with thresholds by which stage `answer` always answers and none before it does; it takes the model's own input. */
function answeringAt(files: readonly PackageFile[], answer: number): PackageFile[] {
  return files.map((file) => {
    if (file.name !== 'manifest.json') return file;
    const manifest = parseManifest(file);
    const stages = (manifest['stages'] as JsonObject[]).map((stage, index): JsonObject =>
      (isJsonObject(stage['exit']) ? { ...stage, exit: { ...stage['exit'], threshold: index < answer ? 2 : 0 } } : stage));
    return { name: file.name, bytes: new TextEncoder().encode(JSON.stringify({ ...manifest, stages, preprocess: [] })) };
  });
}

function parseManifest({ bytes }: PackageFile): JsonObject {
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;
}

/** ONNX files in the order in which they run. */
function stagesOf(subject: BenchSubject): Uint8Array[] {
  if ('model' in subject) return [subject.model];
  const manifest = subject.package.find(({ name }) => name === 'manifest.json');
  const stages = manifest === undefined ? [] : (parseManifest(manifest)['stages'] as { file: string }[]);
  return stages.map(({ file }) => subject.package.find(({ name }) => name === file)?.bytes as Uint8Array);
}

function answeringStages(subject: BenchSubject): number[] {
  const manifest = 'model' in subject ? undefined : subject.package.find(({ name }) => name === 'manifest.json');
  if (manifest === undefined) return [0];
  const stages = parseManifest(manifest)['stages'] as JsonObject[];
  return stages.flatMap((stage, index) => (isJsonObject(stage['exit']) || index + 1 === stages.length ? [index] : []));
}

/** Checks the package on the way, so that its manifest can be relied on. */
function sampleFor(engine: Engine, subject: BenchSubject): RawTensor[] {
  if ('model' in subject) return within('loading the model', () => engine.inspect(subject.model).inputs.map(seededInput));
  const runtime = engine.createRuntime(subject.package);
  try {
    const { input } = runtime.manifest()['model'] as { input: { name: string; shape: number[] } } & JsonObject;
    return [seededInput({ name: input.name, dtype: 'f32', shape: ['N', ...input.shape] })];
  } finally {
    runtime.dispose();
  }
}

/** One sample: f32 uniform in [-1, 1), the same every time; other types zero, which is a valid index. */
export function seededInput(value: ValueInfo): RawTensor {
  const dims = value.shape?.map((dim) => (typeof dim === 'string' ? Number(/^(\d*)N$/.exec(dim)?.[1] || (dim === 'N' ? 1 : NaN)) : dim)) ?? null;
  const dtype = (value.dtype ?? 'f32') as DataType;
  if (dims === null || !dims.every((dim): dim is number => dim !== null && Number.isInteger(dim))) {
    throw new OfframpError('unsupported', `input "${value.name}" has no fixed shape, so no sample can be made for it`);
  }
  if (!(dtype in elementBytes)) throw new OfframpError('unsupported', `input "${value.name}" is ${dtype}, for which no sample can be made`);
  const count = elementCount(dims);
  if (dtype !== 'f32') return { dtype, dims, data: new Uint8Array(count * elementBytes[dtype]) };
  let state = 1;
  const values = Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return { dtype, dims, data: new Uint8Array(values.buffer) };
}
