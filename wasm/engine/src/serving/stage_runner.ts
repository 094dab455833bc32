// Runs jobs on a package's stages: rows of several requests in one batch, decided row by row, the rest handed on.
import { joinBytes } from '@offramp/oip';
import type { Engine, Runtime } from '../engine.js';
import { OfframpError } from '../errors.js';
import { readPlan, type StagePlan } from '../offload/plan.js';
import { StagedSession } from '../offload/staged_session.js';
import type { Exited, Verdict } from '../raw_module.js';
import type { RawTensor } from '../tensor.js';
import type { Job, JobRequest, JobResult, OffloadSettings, StageSetup } from './jobs.js';

/** A row on its way to an answer. */
interface Traveller {
  answer?: Exited;
  early?: Exited;
  boundary: Uint8Array;
  deadlineMs: number;
  degraded?: string;
}

interface Placed extends JobRequest {
  data: Uint8Array;
}

export class StageRunner {
  readonly plan: StagePlan;
  private readonly runtime: Runtime;
  private readonly session: StagedSession | undefined;
  private readonly to: number;

  /** Errors: as Engine.createRuntime. */
  constructor(private readonly engine: Engine, { files, backend, to, offload }: StageSetup) {
    this.runtime = engine.createRuntime(files, backend, { partial: true });
    this.plan = readPlan(this.runtime.manifest());
    this.to = to ?? this.plan.stages.length;
    if (offload !== undefined) this.session = new StagedSession(engine, this.runtime, { remotes: [remoteOf(offload, this.to)] });
  }

  /** `rows`: of all requests, one behind the other. All that runs here has run when it returns; what goes on at another server is pending. */
  run(job: Job, rows: Uint8Array): { results: JobResult[] } | { pending: Promise<JobResult[]> } {
    const requests: Placed[] = [];
    let at = 0;
    for (const request of job.requests) {
      requests.push({ ...request, data: rows.subarray(at, at + request.bytes) });
      at += request.bytes;
    }
    // If some request's values spoil the batch, each runs alone and is told by itself.
    const results = this.runBatch(job, requests, rows.subarray(0, at)) ?? requests.map((request) => this.runAlone(job, request));
    const waits = results.some((result) => Array.isArray(result) && result.some(({ answer }) => answer === undefined));
    if (!waits) return { results: results.map((result) => (Array.isArray(result) ? this.answersOf(result) : result)) };
    return { pending: Promise.all(results.map((result) => (Array.isArray(result) ? this.finish(result) : result))) };
  }

  dispose(): void {
    this.session?.dispose();
    this.runtime.dispose();
  }

  private runAlone(job: Job, request: Placed): JobResult | Traveller[] {
    try {
      return this.compute(job, [request], request.data)[0] as JobResult | Traveller[];
    } catch (thrown) {
      return { kind: 'error', error: OfframpError.from(thrown).toRecord() };
    }
  }

  private runBatch(job: Job, requests: readonly Placed[], whole: Uint8Array): (JobResult | Traveller[])[] | undefined {
    try {
      return this.compute(job, requests, whole);
    } catch {
      return undefined;
    }
  }

  /** `whole`: the bytes of all requests, one behind the other. */
  private compute(job: Job, requests: readonly Placed[], whole: Uint8Array): (JobResult | Traveller[])[] {
    const isPlain = requests.every(({ encoding }) => encoding === 'f32');
    const rows = isPlain ? whole : joinBytes(requests.map((request) => this.decode(job.stage, request)));
    return job.continues ? this.runOn(job.stage, requests, rows) : this.runStage(job.stage, rows, requests.map(({ count }) => count));
  }

  private runStage(stage: number, rows: Uint8Array, counts: readonly number[]): JobResult[] {
    const total = counts.reduce((sum, count) => sum + count, 0);
    const { logits, boundary } = this.runtime.runRows(stage, this.tensor(stage, total, rows));
    const pieces = (tensor: RawTensor | undefined): (Uint8Array | undefined)[] => splitRows(tensor?.data, counts, total);
    const ofLogits = pieces(logits);
    const ofBoundary = pieces(boundary);
    return counts.map((_, index) => {
      const [own, next] = [ofLogits[index], ofBoundary[index]];
      return { kind: 'stage', ...(own ? { logits: own } : {}), ...(next ? { boundary: next } : {}) };
    });
  }

  /** Every stage that is here, on the rows that are not sure yet. */
  private runOn(first: number, requests: readonly Placed[], rows: Uint8Array): Traveller[][] {
    const total = requests.reduce((sum, { count }) => sum + count, 0);
    const perRow = splitRows(rows, new Array<number>(total).fill(1), total);
    const deadlines = requests.flatMap(({ count, deadlineMs }) => new Array<number>(count).fill(deadlineMs));
    const travellers = perRow.map((boundary, row): Traveller => ({ boundary: boundary as Uint8Array, deadlineMs: deadlines[row] as number }));
    let going = travellers;
    for (let stage = first; stage < this.to && going.length > 0; stage += 1) {
      const outputs = this.runtime.runRows(stage, this.tensor(stage, going.length, joinBytes(going.map(({ boundary }) => boundary))));
      const next = splitRows(outputs.boundary?.data, going.map(() => 1), going.length);
      const verdicts: (Verdict | undefined)[] = outputs.logits === undefined ? [] : this.runtime.judge(stage, outputs.logits);
      going = going.filter((traveller, row) => {
        const verdict = verdicts[row];
        if (verdict !== undefined) {
          const { stands, ...answer } = verdict;
          if (stands) traveller.answer = answer;
          else traveller.early = answer;
          if (stands) return false;
        }
        traveller.boundary = next[row] as Uint8Array;
        return true;
      });
    }
    let at = 0;
    return requests.map(({ count }) => travellers.slice(at, at += count));
  }

  /** Rows that are not sure yet go on elsewhere. */
  private async finish(travellers: Traveller[]): Promise<JobResult> {
    try {
      await Promise.all(travellers.map(async (traveller) => {
        if (traveller.answer !== undefined) return;
        const { session, to } = this;
        if (session === undefined) throw new OfframpError('internal', `no server for the stages from ${to} on`); // such models are not served
        const answer = await session.resume(to, this.tensor(to, 1, traveller.boundary), traveller.early, { deadlineMs: traveller.deadlineMs });
        traveller.answer = answer;
        if (answer.why !== undefined) traveller.degraded = `${answer.why.how}: ${answer.why.message}`;
      }));
    } catch (thrown) {
      return { kind: 'error', error: OfframpError.from(thrown).toRecord() };
    }
    return this.answersOf(travellers);
  }

  private answersOf(travellers: readonly Traveller[]): JobResult {
    const answers = travellers.map(({ answer }) => answer as Exited);
    const { classes } = this.plan;
    const probabilities = new Float32Array(answers.length * classes);
    answers.forEach((answer, row) => probabilities.set(answer.probabilities, row * classes));
    const reason = travellers.find(({ degraded }) => degraded !== undefined)?.degraded;
    return {
      kind: 'answer', probabilities, classes: Int32Array.from(answers, ({ predictedClass }) => predictedClass), exits: Int32Array.from(answers, ({ exit }) => exit),
      scores: Float32Array.from(answers, ({ score }) => score), degraded: Uint8Array.from(travellers, ({ degraded }) => (degraded === undefined ? 0 : 1)),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  private tensor(stage: number, rows: number, data: Uint8Array): RawTensor {
    return { dtype: 'f32', dims: [rows, ...(this.plan.stages[stage]?.inputShape ?? [])], data };
  }

  /** As f32. Errors: invalid_data for values that are not finite, or a scale that is none. */
  private decode(stage: number, { count, encoding, data, scales, zeroPoints }: Placed): Uint8Array {
    const shape = this.plan.stages[stage]?.inputShape ?? [];
    if (encoding === 'f32') return data;
    if (encoding === 'f16') return this.engine.decodeBoundary(data, 'f16', [count, ...shape]).data;
    const bytes = data.length / count;
    return joinBytes(Array.from({ length: count }, (_, row) => {
      const encoded = new Uint8Array(8 + bytes);
      const head = new DataView(encoded.buffer);
      head.setFloat32(0, scales?.[row] ?? NaN, true);
      head.setInt32(4, zeroPoints?.[row] ?? -1, true);
      encoded.set(data.subarray(row * bytes, (row + 1) * bytes), 8);
      return this.engine.decodeBoundary(encoded, 'u8', [1, ...shape]).data;
    }));
  }
}

function remoteOf({ url, token }: OffloadSettings, from: number): { url: string; from: number; client: { token?: string | undefined } } {
  return { url, from, client: { token } };
}

/** Bytes of `total` rows as pieces of so many rows each. */
function splitRows(data: Uint8Array | undefined, counts: readonly number[], total: number): (Uint8Array | undefined)[] {
  let at = 0;
  return counts.map((count) => {
    const from = at;
    at += count;
    return data?.subarray((from * data.length) / total, (at * data.length) / total);
  });
}
