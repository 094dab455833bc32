// One engine with one model, in a process or worker of its own, driven by messages: load, then rounds of timed runs.
import { NotCovered, type EngineChoice, type HostTools, type ModelInput, type Run } from './engines/engine.js';
import { engines } from './engines/index.js';

export type Clock = 'wall' | 'cpu';

export interface LoadRequest {
  kind: 'load';
  choice: EngineChoice;
  modelPath: string;
  input: ModelInput;
}
/** Runs for about that long; a sample is the mean over as many runs as last `sampleNs`. */
export interface RoundRequest {
  kind: 'round';
  budgetNs: number;
  leastSamples: number;
  sampleNs: number;
  /** cpu: the process's own time, which other programs on the machine do not lengthen; Node and one thread only. */
  clock: Clock;
}
export interface WarmUpRequest {
  kind: 'warm-up';
  runs: number;
  budgetNs: number;
}
export type Request = LoadRequest | RoundRequest | WarmUpRequest;

export type Reply =
  | { kind: 'loaded'; output: Float32Array; firstResultNs: number }
  | { kind: 'not-covered'; why: string }
  | { kind: 'times'; ns: number[] }
  | { kind: 'warm'; runs: number }
  | { kind: 'failed'; why: string };

const now = (): number => performance.now() * 1e6;

function clockOf(kind: Clock): () => number {
  if (kind === 'wall') return now;
  return () => {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1e3;
  };
}

export class Subject {
  private run: Run | undefined;

  constructor(private readonly tools: HostTools) {}

  async answer(request: Request): Promise<Reply> {
    try {
      switch (request.kind) {
        case 'load': return await this.load(request);
        case 'warm-up': return await this.warmUp(request);
        case 'round': return { kind: 'times', ns: await this.round(request) };
      }
    } catch (thrown) {
      const why = thrown instanceof Error ? thrown.message : String(thrown);
      return { kind: thrown instanceof NotCovered ? 'not-covered' : 'failed', why };
    }
  }

  private async load({ choice, modelPath, input }: LoadRequest): Promise<Reply> {
    const prepare = engines[choice.engine];
    if (prepare === undefined) throw new NotCovered(`no engine ${choice.engine}`);
    const model = await this.tools.bytes(modelPath);
    const start = await prepare(this.tools, choice, model, input);
    const begin = now();
    this.run = await start();
    const output = await this.run();
    const firstResultNs = now() - begin;
    return { kind: 'loaded', output: Float32Array.from(output), firstResultNs };
  }

  private async warmUp({ runs, budgetNs }: WarmUpRequest): Promise<Reply> {
    const run = this.loaded();
    const end = now() + budgetNs;
    let done = 0;
    while (done < runs && (done < 3 || now() < end)) {
      await run();
      done += 1;
    }
    return { kind: 'warm', runs: done };
  }

  private async round({ budgetNs, leastSamples, sampleNs, clock }: RoundRequest): Promise<number[]> {
    const run = this.loaded();
    const samples: number[] = [];
    const read = clockOf(clock);
    const end = now() + budgetNs;
    let grouped = 1; // runs per sample: as many as a coarse clock needs
    while (samples.length < leastSamples || now() < end) {
      const begin = read();
      for (let i = 0; i < grouped; i += 1) {
        const result = run();
        if (result instanceof Promise) await result;
      }
      const elapsed = read() - begin;
      if (elapsed < sampleNs && samples.length === 0) grouped = Math.ceil(grouped * Math.min(16, (1.1 * sampleNs) / Math.max(elapsed, 1)));
      else samples.push(elapsed / grouped);
    }
    return samples;
  }

  private loaded(): Run {
    if (this.run === undefined) throw new Error('no model was loaded');
    return this.run;
  }
}
