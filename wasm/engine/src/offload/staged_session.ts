// The staged session: some stages here, later ones on servers; an answer within its deadline whatever those do.
import { OipClient, type ClientOptions } from '@offramp/oip';
import type { Engine, Runtime } from '../engine.js';
import { invalidArgument, OfframpError } from '../errors.js';
import type { Backend, Encoding, Exited, PackageFile, StageResult } from '../raw_module.js';
import type { RawTensor } from '../tensor.js';
import { Caller, Failure, type CallerOptions, type FailureReason } from './caller.js';
import { readPlan, type StagePlan } from './plan.js';
import { RemoteStages } from './remote_stages.js';

/** Stages [from, to) run on the server at `url`. */
export interface RemotePlace extends CallerOptions {
  url: string;
  /** In traces. Default: the URL. */
  name?: string | undefined;
  from: number;
  /** Default: to the end. */
  to?: number | undefined;
  /** Of boundaries sent there. Default: that of the package's link, or f32 where the server does not take it. */
  encoding?: Encoding | undefined;
  client?: ClientOptions | undefined;
}

export interface StagedSessionOptions {
  remotes: readonly RemotePlace[];
  backend?: Backend | undefined;
  /** Of a request. Default 10 s. */
  deadlineMs?: number | undefined;
}

export interface RunOptions {
  signal?: AbortSignal | undefined;
  deadlineMs?: number | undefined;
}

/** What was spent on the way to an answer, stage by stage; a server that goes on to an answer is one entry. */
export interface StageTrace {
  /** Stages [from, to). */
  from: number;
  to: number;
  /** "here", or the place's name. */
  where: string;
  /** As its caller sees it: a failed attempt counts too. */
  ns: number;
  macs: number;
  bytesSent: number;
  bytesReceived: number;
  attempts: number;
  encoding?: Encoding;
  failure?: FailureReason;
}

export interface Trace {
  exit: number;
  stages: StageTrace[];
  totalNs: number;
  macs: number;
  bytesSent: number;
  bytesReceived: number;
}

/** Why an answer is not what the plan promises, and what was done instead; "by_server": the server itself says so of its answer. */
export interface DegradedWhy {
  how: 'finished_here' | 'early_answer' | 'by_server';
  reason: FailureReason | 'further_on';
  message: string;
}

export interface StagedAnswer extends Exited {
  degraded: boolean;
  why?: DegradedWhy;
  trace: Trace;
}

const defaultDeadlineMs = 10_000;
const leastMarginMs = 2; // for timers that fire late
const caution = 1.5; // on the time that finishing here is expected to take

/** Errors: as Engine.createRuntime; invalid_argument for places that overlap, or stages that are neither here nor there. */
export function createStagedSession(engine: Engine, files: PackageFile[], options: StagedSessionOptions): StagedSession {
  const runtime = engine.createRuntime(files, options.backend, { partial: true });
  try {
    const session = new StagedSession(engine, runtime, options);
    const homeless = session.plan.stages.findIndex((_, stage) => session.placeOf(stage) === undefined);
    if (homeless >= 0) throw invalidArgument(`stage ${homeless} is neither here nor at a server`);
    return session;
  } catch (thrown) {
    runtime.dispose();
    throw thrown;
  }
}

interface Place {
  name: string;
  stages: RemoteStages;
  caller: Caller;
}

/** One request on its way. */
interface Journey {
  start: number;
  ends: number;
  signal: AbortSignal;
  stages: StageTrace[];
  early: Exited | undefined;
  why: DegradedWhy | undefined;
}

export class StagedSession {
  readonly plan: StagePlan;
  /** By stage; undefined: here. */
  private readonly places: (Place | undefined)[];
  private readonly underWay = new Set<AbortController>();
  private nsPerMac = 0; // of stages run here, the latest weighing most

  /** Owns the runtime. A session that only resumes needs the stages that it runs. */
  constructor(engine: Engine, private readonly runtime: Runtime, private readonly options: StagedSessionOptions) {
    const plan = readPlan(runtime.manifest());
    this.plan = plan;
    this.places = plan.stages.map(() => undefined);
    for (const remote of options.remotes) {
      const { from, to = plan.stages.length } = remote;
      if (!(Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from < to && to <= plan.stages.length)) {
        throw invalidArgument(`stages ${from} to ${to} are not those of a package with ${plan.stages.length}`);
      }
      const client = new OipClient(remote.url, remote.client);
      const place = { name: remote.name ?? client.url, stages: new RemoteStages(engine, runtime, plan, client, remote.encoding), caller: new Caller(remote) };
      for (let stage = from; stage < to; stage += 1) {
        if (this.places[stage] !== undefined) throw invalidArgument(`stage ${stage} is at two places`);
        this.places[stage] = place;
      }
    }
  }

  /** "here" or a server's name; undefined for a stage whose weights are missing. */
  placeOf(stage: number): string | undefined {
    return this.places[stage]?.name ?? (this.runtime.hasStage(stage) ? 'here' : undefined);
  }

  /**
   * One raw sample to its answer. Many may be under way at once; stages here run one after the other.
   * Errors: as Runtime.begin for the sample; cancelled; remote if a server fails and there is neither an early answer nor the
   * weights to go on here.
   */
  run(sample: RawTensor, options: RunOptions = {}): Promise<StagedAnswer> {
    return this.go(0, sample, undefined, undefined, options);
  }

  /** Goes on where another host ended: `stage` on its boundary tensor, after the answer that was not sure enough, if there is one. Errors: as run. */
  resume(stage: number, boundary: RawTensor, early: Exited | undefined, options: RunOptions = {}): Promise<StagedAnswer> {
    return this.go(stage, undefined, boundary, early, options);
  }

  private async go(stage: number, sample: RawTensor | undefined, boundary: RawTensor | undefined, early: Exited | undefined, options: RunOptions): Promise<StagedAnswer> {
    const { deadlineMs = this.options.deadlineMs ?? defaultDeadlineMs } = options;
    if (!(deadlineMs > 0)) throw invalidArgument(`deadlineMs: expected a number above 0, got ${deadlineMs}`);
    const start = performance.now();
    const controller = new AbortController(); // for dispose() and the caller's signal
    const abort = (): void => controller.abort();
    if (options.signal?.aborted === true) abort();
    options.signal?.addEventListener('abort', abort, { once: true });
    this.underWay.add(controller);
    const journey: Journey = { start, ends: start + deadlineMs, signal: controller.signal, stages: [], early, why: undefined };
    try {
      return this.answerOf(journey, await this.travel(stage, sample, boundary, journey));
    } finally {
      this.underWay.delete(controller);
      options.signal?.removeEventListener('abort', abort);
    }
  }

  /** Stops what is under way, and frees the runtime. */
  dispose(): void {
    for (const controller of this.underWay) controller.abort();
    this.runtime.dispose();
  }

  /** Either a raw sample, for stage 0, or a boundary. */
  private async travel(stage: number, sample: RawTensor | undefined, boundary: RawTensor | undefined, journey: Journey): Promise<Exited> {
    for (;;) {
      if (journey.signal.aborted) throw new OfframpError('cancelled', 'the request was stopped by its caller');
      const place = this.places[stage];
      let result: StageResult;
      if (place === undefined || journey.why !== undefined) {
        result = this.runHere(stage, boundary ?? sample as RawTensor, boundary === undefined, journey);
      } else {
        boundary ??= this.runtime.prepare(sample as RawTensor);
        const outcome = await this.runThere(place, stage, boundary, journey);
        if (outcome instanceof Failure) {
          const early = this.giveUp(stage, outcome, journey);
          if (early !== undefined) return early;
          continue;
        }
        result = outcome;
      }
      if ('exited' in result) return result.exited;
      journey.early = result.needsStage.early ?? journey.early;
      ({ stage, boundary } = result.needsStage);
    }
  }

  private runHere(stage: number, input: RawTensor, raw: boolean, journey: Journey): StageResult {
    const macs = this.runtime.executedMacs();
    const start = performance.now();
    const result = raw ? this.runtime.begin(input) : this.runtime.runStage(stage, input);
    const ns = (performance.now() - start) * 1e6;
    const spent = this.runtime.executedMacs() - macs;
    if (spent > 0) this.nsPerMac = this.nsPerMac === 0 ? ns / spent : 0.8 * this.nsPerMac + 0.2 * (ns / spent);
    journey.stages.push({ from: stage, to: stage + 1, where: 'here', ns, macs: spent, bytesSent: 0, bytesReceived: 0, attempts: 1 });
    return result;
  }

  private async runThere(place: Place, stage: number, boundary: RawTensor, journey: Journey): Promise<StageResult | Failure> {
    const { signal } = journey;
    const start = performance.now();
    const leave = journey.ends - this.reserveMs(stage, journey.ends - start);
    const entry: StageTrace = { from: stage, to: stage + 1, where: place.name, ns: 0, macs: 0, bytesSent: 0, bytesReceived: 0, attempts: 0 };
    journey.stages.push(entry);
    try {
      const { value, attempts } = await place.caller.call(
        (timeoutMs) => place.stages.run(stage, boundary, { timeoutMs, signal }), leave, signal);
      const { result, degraded, ...sent } = value;
      if ('exited' in result) entry.to = result.exited.exit + 1;
      const macs = this.plan.stages.slice(entry.from, entry.to).reduce((sum, own) => sum + own.macs, 0);
      Object.assign(entry, sent, { attempts, macs });
      if (degraded !== undefined) journey.why = { how: 'by_server', reason: 'further_on', message: degraded };
      return result;
    } catch (thrown) {
      if (!(thrown instanceof Failure)) throw thrown;
      entry.attempts = thrown.attempts;
      entry.failure = thrown.reason;
      return thrown;
    } finally {
      entry.ns = (performance.now() - start) * 1e6;
    }
  }

  /**
   * Kept back from a server's time, to finish here or at least to hand out the early answer. A server that fails fails all
   * requests that are with it, and here they run one after the other; yet a server always gets half of what is left.
   */
  private reserveMs(stage: number, leftMs: number): number {
    const margin = Math.max(leastMarginMs, leftMs / 50);
    const here = this.hasAllFrom(stage) ? caution * this.expectedMs(stage) * this.underWay.size : 0;
    return Math.min(margin + here, leftMs / 2);
  }

  private expectedMs(stage: number): number {
    return this.plan.stages.slice(stage).reduce((sum, { macs }) => sum + macs, 0) * this.nsPerMac / 1e6;
  }

  private hasAllFrom(stage: number): boolean {
    return this.plan.stages.every((_, k) => k < stage || this.runtime.hasStage(k));
  }

  /** After a failure: the early answer, or undefined to go on here. The latest exit's answer is the best: it has seen most. Errors: remote. */
  private giveUp(stage: number, failure: Failure, journey: Journey): Exited | undefined {
    const { early } = journey;
    const why = { reason: failure.reason, message: failure.message };
    const inTime = performance.now() + this.expectedMs(stage) <= journey.ends;
    if (this.hasAllFrom(stage) && (inTime || early === undefined)) {
      journey.why = { how: 'finished_here', ...why };
      return undefined;
    }
    if (early === undefined) {
      throw new OfframpError('remote', `${failure.message}; there is no earlier exit to answer, and the stage's weights are not here`, [`stage ${stage}`]);
    }
    journey.why = { how: 'early_answer', ...why };
    return early;
  }

  private answerOf({ start, stages, why }: Journey, exited: Exited): StagedAnswer {
    const sum = (of: (stage: StageTrace) => number): number => stages.reduce((total, stage) => total + of(stage), 0);
    const trace: Trace = {
      exit: exited.exit, stages, totalNs: (performance.now() - start) * 1e6, macs: sum(({ macs }) => macs),
      bytesSent: sum(({ bytesSent }) => bytesSent), bytesReceived: sum(({ bytesReceived }) => bytesReceived),
    };
    return { ...exited, degraded: why !== undefined, ...(why === undefined ? {} : { why }), trace };
  }
}
