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

/** The Offramp row that others with so many threads are measured against. */
function referenceOf(result: ModelResult, threads: number): EngineResult | undefined {
  const ours = result.engines.filter(({ choice }) => choice.engine === 'offramp' && choice.threads === threads);
  return ours.sort((a, b) => spread(a.rounds.flat()).median - spread(b.rounds.flat()).median)[0];
}
