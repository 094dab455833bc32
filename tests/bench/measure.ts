// Measures one model on one host: every engine in a subject of its own, compared before anything is timed, then by turns in
// rounds whose order is drawn anew.
import type { EngineChoice } from './engines/engine.js';
import type { Host, RemoteSubject } from './hosts/host.js';
import type { BenchModel } from './models.js';
import type { EngineResult, ModelResult } from './results.js';
import type { Clock, Reply } from './subject.js';

export interface Effort {
  rounds: number;
  roundNs: number;
  warmUpRuns: number;
  warmUpNs: number;
  /** Fresh starts per engine for the time to a first result. */
  firstResults: number;
  clock: Clock;
}

const agreement = 1e-3;
const sampleNs = 1e6; // of a coarse clock; see RoundRequest

interface Running {
  id: string;
  choice: EngineChoice;
  subject: RemoteSubject;
  output: Float32Array;
  result: EngineResult;
}

export async function measureModel(
  host: Host, model: BenchModel, choices: readonly EngineChoice[], effort: Effort, random: () => number, say: (text: string) => void,
): Promise<ModelResult> {
  const result: ModelResult = { model: model.name, title: model.title, host: host.name, engines: [], notCovered: [] };
  const running: Running[] = [];
  try {
    for (const choice of choices) {
      say(`${model.name}, ${host.name}: starting ${engineId(choice)}`);
      const begun = await begin(host, model, choice);
      if ('why' in begun) result.notCovered.push({ id: engineId(choice), why: begun.why });
      else running.push(begun);
    }
    checkAgreement(model, running);
    for (const one of running) await expect(one.subject.ask({ kind: 'warm-up', runs: effort.warmUpRuns, budgetNs: effort.warmUpNs }), 'warm', one.id);
    for (let round = 0; round < effort.rounds; round += 1) {
      say(`${model.name}, ${host.name}: round ${round + 1} of ${effort.rounds}`);
      for (const one of shuffled(running, random)) {
        const reply = await expect(one.subject.ask({ kind: 'round', budgetNs: effort.roundNs, leastSamples: 3, sampleNs, clock: effort.clock }), 'times', one.id);
        one.result.rounds.push(reply.ns);
      }
    }
  } finally {
    await Promise.all(running.map(({ subject }) => subject.close()));
  }
  for (let repeat = 0; repeat < effort.firstResults; repeat += 1) {
    say(`${model.name}, ${host.name}: first results, ${repeat + 1} of ${effort.firstResults}`);
    for (const one of shuffled(running, random)) one.result.firstResultNs.push(await firstResult(host, model, one.choice));
  }
  result.engines = running.map((one) => one.result);
  return result;
}

export function engineId({ engine, variant, threads }: EngineChoice): string {
  return `${engine}${variant === undefined ? '' : ` ${variant}`}, ${threads} thread${threads === 1 ? '' : 's'}`;
}

async function begin(host: Host, model: BenchModel, choice: EngineChoice): Promise<Running | { why: string }> {
  const subject = await host.start();
  const reply = await subject.ask({ kind: 'load', choice, modelPath: model.path, input: model.input });
  const id = engineId(choice);
  if (reply.kind === 'loaded') return { id, choice, subject, output: reply.output, result: { id, choice, rounds: [], firstResultNs: [] } };
  await subject.close();
  if (reply.kind === 'not-covered') return { why: reply.why };
  throw new Error(`${id} with ${model.name}: ${reply.kind === 'failed' ? reply.why : reply.kind}`);
}

async function firstResult(host: Host, model: BenchModel, choice: EngineChoice): Promise<number> {
  const subject = await host.start();
  try {
    const reply = await expect(subject.ask({ kind: 'load', choice, modelPath: model.path, input: model.input }), 'loaded', engineId(choice));
    return reply.firstResultNs;
  } finally {
    await subject.close();
  }
}

async function expect<K extends Reply['kind']>(asked: Promise<Reply>, kind: K, id: string): Promise<Extract<Reply, { kind: K }>> {
  const reply = await asked;
  if (reply.kind === kind) return reply as Extract<Reply, { kind: K }>;
  throw new Error(`${id}: ${'why' in reply ? reply.why : `answered ${reply.kind}`}`);
}

/** Errors: two engines that differ by more than 1e-3 of the largest output: one of them computes something else. */
function checkAgreement(model: BenchModel, running: readonly Running[]): void {
  const reference = running.find(({ choice }) => choice.engine === 'onnxruntime-web') ?? running[0];
  for (const one of running) {
    const difference = relativeDifference(one.output, (reference as Running).output);
    if (!(difference <= agreement)) {
      throw new Error(`${model.name}: ${one.id} and ${reference?.id} differ by ${difference.toExponential(1)} of the largest output; at most ${agreement} is allowed`);
    }
  }
}

/** Of the largest value; NaN or unequal lengths give NaN or infinity. */
export function relativeDifference(values: Float32Array, reference: Float32Array): number {
  if (values.length !== reference.length) return Infinity;
  const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = values.reduce((most, value, index) => Math.max(most, Math.abs(value - (reference[index] as number))), 0);
  return worst / Math.max(largest, 1e-30);
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}
