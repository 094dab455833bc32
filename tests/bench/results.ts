// What a benchmark run leaves: build/bench/results.json, and what the page and the tables are made from.
import type { EngineChoice } from './engines/engine.js';
import { pairedRatio, spread, type Spread } from './statistics.js';

export interface EngineResult {
  id: string;
  choice: EngineChoice;
  /** Whole calls, by round. */
  rounds: number[][];
  /** Fresh process each: from bytes in memory to the first output. */
  firstResultNs: number[];
}

export interface ModelResult {
  model: string;
  title: string;
  host: string;
  engines: EngineResult[];
  /** Engines that have no row, and why. */
  notCovered: { id: string; why: string }[];
}

export interface BenchResults {
  machine: string;
  hosts: Record<string, string>;
  date: string;
  rounds: number;
  clock: 'wall' | 'cpu';
  models: ModelResult[];
}

export interface Row {
  model: string;
  title: string;
  host: string;
  id: string;
  choice: EngineChoice;
  time: Spread;
  /** Against the fastest Offramp row with the same threads: above 1 is slower than it. */
  ratio: Spread | undefined;
  firstResult: Spread | undefined;
}

export function summarise(result: ModelResult): Row[] {
  return result.engines.map(({ id, choice, rounds, firstResultNs }) => {
    const ours = referenceOf(result, choice.threads);
    return {
      model: result.model, title: result.title, host: result.host, id, choice,
      time: spread(rounds.flat()),
      ratio: ours === undefined ? undefined : pairedRatio(rounds, ours.rounds),
      firstResult: firstResultNs.length === 0 ? undefined : spread(firstResultNs),
    };
  });
}

export interface Comparison {
  model: string;
  title: string;
  host: string;
  threads: number;
  /** Offramp's fastest variant. */
  ours: Row;
  /** How many times Offramp's time the others take, by engine; the bare runner's is the other way round: Offramp over it. */
  slower: Partial<Record<EngineChoice['engine'], number>>;
  overBare: number | undefined;
  /** onnxruntime-web's first result over Offramp's. */
  firstResult: number | undefined;
}

/** One line per model, host and number of threads that Offramp was measured with. */
export function compare(result: ModelResult): Comparison[] {
  const rows = summarise(result);
  return [...new Set(rows.map(({ choice }) => choice.threads))].flatMap((threads) => {
    const ours = rows.find(({ id }) => id === referenceOf(result, threads)?.id);
    if (ours === undefined) return [];
    const others = rows.filter(({ choice }) => choice.threads === threads && choice.engine !== 'offramp');
    const bare = others.find(({ choice }) => choice.engine === 'bare')?.ratio?.median;
    const ort = others.find(({ choice }) => choice.engine === 'onnxruntime-web');
    return [{
      model: result.model, title: result.title, host: result.host, threads, ours,
      slower: Object.fromEntries(others.filter(({ choice }) => choice.engine !== 'bare').map(({ choice, ratio }) => [choice.engine, ratio?.median])),
      overBare: bare === undefined ? undefined : 1 / bare,
      firstResult: ort?.firstResult && ours.firstResult ? ort.firstResult.median / ours.firstResult.median : undefined,
    }];
  });
}

/** The Offramp row that others with so many threads are measured against. */
function referenceOf(result: ModelResult, threads: number): EngineResult | undefined {
  const ours = result.engines.filter(({ choice }) => choice.engine === 'offramp' && choice.threads === threads);
  return ours.sort((a, b) => spread(a.rounds.flat()).median - spread(b.rounds.flat()).median)[0];
}
