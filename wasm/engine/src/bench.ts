// Benchmarks a model or a package's stages: warm medians and spread, and the time from bytes to a first result.
import type { Engine, Session } from './engine.js';
import { OfframpError, within } from './errors.js';
import type { Backend, PackageFile } from './raw_module.js';
import type { ValueInfo } from './reports.js';
import { elementBytes, elementCount, type DataType, type RawTensor } from './tensor.js';
import { percentile, summariseTimes, timeByTurns, type RunTimes, type TimingOptions } from './timing.js';

export interface StageTimes extends RunTimes {
  stage: number;
  macs: number;
  /** Median of the stages up to and including this one: an answer here takes that long. */
  answer_ns: number;
}

export interface BenchTimes extends RunTimes {
  variant: string;
  threads: number;
  backend: Backend;
  /** Of the whole model: of a package, all stages. */
  macs: number;
  /** Starting the engine, loading the model from its bytes and running it once. */
  first_result_ns: number;
  /** Of a package. */
  stages?: StageTimes[];
}

export interface BenchConfiguration {
  variant: string;
  threads: number;
  start: () => Promise<Engine>;
}

/** One ONNX file per stage; a plain model is one stage. */
export type BenchStages = readonly Uint8Array[];

/** A package's stages in order. Precondition: the package was checked, by createRuntime. */
export function packageStages(files: readonly PackageFile[]): Uint8Array[] {
  const numbered = files.map(({ name, bytes }) => ({ number: /^stages\/(\d+)\.onnx$/.exec(name)?.[1], bytes })).filter(({ number }) => number !== undefined);
  return numbered.sort((a, b) => Number(a.number) - Number(b.number)).map(({ bytes }) => bytes);
}

/** Every configuration by turns, each with an engine of its own. Errors: as createSession; unsupported for open shapes. */
export async function benchmark(
  stages: BenchStages, configurations: readonly BenchConfiguration[], backend: Backend, options: TimingOptions = {},
): Promise<BenchTimes[]> {
  const chains: Chain[] = [];
  try {
    for (const configuration of configurations) chains.push(await Chain.start(stages, configuration, backend));
    const times = await timeByTurns(chains.map((chain) => () => chain.run()), options);
    return chains.map((chain, index) => chain.report(times[index] as number[]));
  } finally {
    for (const chain of chains) chain.dispose();
  }
}

/** The stages one after the other, each timed; what a sample goes through that no exit answers. */
class Chain {
  private readonly stageTimes: number[][];

  private constructor(
    private readonly configuration: BenchConfiguration, private readonly backend: Backend, private readonly links: readonly Link[], private readonly firstResultNs: number,
  ) {
    this.stageTimes = links.map(() => []);
  }

  static async start(stages: BenchStages, configuration: BenchConfiguration, backend: Backend): Promise<Chain> {
    const begin = performance.now();
    const engine = await configuration.start();
    const links: Link[] = [];
    // Inspecting is not part of a first result: its time is taken off again.
    let inspectingMs = 0;
    for (const [index, onnx] of stages.entries()) {
      const frame = stages.length === 1 ? 'loading the model' : `stage ${index}`;
      const started = performance.now();
      const { inputs, outputs, macs } = within(frame, () => engine.inspect(onnx));
      const next = outputs.findIndex(({ name }) => name === 'boundary' || name === 'next_boundary');
      const fixed = index === 0 ? within(frame, () => inputs.map(seededInput)) : undefined;
      inspectingMs += performance.now() - started;
      links.push({ session: within(frame, () => engine.createSession(onnx, backend)), macs, next, fixed });
    }
    const chain = new Chain(configuration, backend, links, 0);
    chain.run();
    const firstResultNs = Math.round((performance.now() - begin - inspectingMs) * 1e6);
    return new Chain(configuration, backend, links, firstResultNs);
  }

  run(): void {
    let inputs = this.links[0]?.fixed ?? [];
    this.links.forEach(({ session, next }, index) => {
      const begin = performance.now();
      const outputs = session.run(inputs);
      this.stageTimes[index]?.push((performance.now() - begin) * 1e6);
      inputs = outputs.slice(next, next + 1);
    });
  }

  report(timesNs: readonly number[]): BenchTimes {
    const { variant, threads } = this.configuration;
    const own = this.stageTimes.map((times) => times.slice(-timesNs.length)); // without the warm-up
    const upTo = own.map((_, last) => timesNs.map((_run, run) => own.slice(0, last + 1).reduce((sum, times) => sum + (times[run] as number), 0)));
    const stages = own.map((times, stage) => ({
      stage, macs: this.links[stage]?.macs ?? 0, answer_ns: Math.round(percentile(upTo[stage] as number[], 0.5)), ...summariseTimes(times),
    }));
    return {
      variant, threads, backend: this.backend, ...summariseTimes(timesNs), macs: this.links.reduce((sum, { macs }) => sum + macs, 0),
      first_result_ns: this.firstResultNs, ...(this.links.length > 1 ? { stages } : {}),
    };
  }

  dispose(): void {
    for (const { session } of this.links) session.dispose();
  }
}

interface Link {
  session: Session;
  macs: number;
  /** Of the outputs, the next stage's input; -1 for none. */
  next: number;
  /** The first stage's inputs. */
  fixed: RawTensor[] | undefined;
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
