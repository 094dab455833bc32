// Runs requests as they come in, on the thread that asks: for hosts without workers.
import type { Engine } from '../engine.js';
import { invalidArgument } from '../errors.js';
import { mostRequestRows, type StagePlan } from '../offload/plan.js';
import type { Backend, PackageFile } from '../raw_module.js';
import { HttpError } from './http_error.js';
import type { JobResult, OffloadSettings, StageSetup } from './jobs.js';
import type { Rows, ServedModel } from './models.js';
import { PackageService, type StageQueue } from './package_service.js';
import { StageRunner } from './stage_runner.js';

export interface LocalServiceOptions {
  /** Stages [from, to) run here: all but stage 0 unless told. */
  from?: number;
  to?: number;
  /** Who has the later ones. */
  offload?: OffloadSettings;
  backend?: Backend;
  /** Of a request. Default 64. */
  mostRows?: number;
  /** For what goes on elsewhere. Default 10 s. */
  deadlineMs?: number;
}

/** A service for a package's stages on this thread. Errors: as Engine.createRuntime; invalid_argument for stages that are not there. */
export function localService(engine: Engine, files: PackageFile[], options: LocalServiceOptions = {}): PackageService {
  const { from = 1, to, offload, backend = 'xnnpack', mostRows = mostRequestRows, deadlineMs = 10_000 } = options;
  const setup = { files, backend, from, to, offload };
  const stages = new LocalStages(engine, setup);
  const { plan } = stages;
  const end = to ?? plan.stages.length;
  if (!(from >= 0 && from < end && end <= plan.stages.length)) {
    void stages.close();
    throw invalidArgument(`stages from ${from} to below ${end}: the package has stages 0 to ${plan.stages.length - 1}`);
  }
  return new PackageService({ plan, setup, deadlineMs, mostRows }, stages);
}

export class LocalStages implements StageQueue {
  private readonly runner: StageRunner;
  private closed = false;

  /** Errors: as Engine.createRuntime. */
  constructor(engine: Engine, setup: StageSetup) {
    this.runner = new StageRunner(engine, setup);
  }

  get plan(): StagePlan {
    return this.runner.plan;
  }
  isReady(): boolean {
    return !this.closed;
  }

  /** Nothing waits here, so the deadline is only for what goes on at another server. Errors: HttpError 503 when closed. */
  async run({ stage, continues }: ServedModel, { data, ...rows }: Rows, deadlineMs: number): Promise<JobResult> {
    if (this.closed) throw new HttpError(503, 'the server is going down', 1);
    const outcome = this.runner.run({ id: 0, stage, continues, requests: [{ ...rows, bytes: data.length, deadlineMs }] }, data);
    const [result] = 'results' in outcome ? outcome.results : await outcome.pending;
    return result as JobResult;
  }

  async close(): Promise<void> {
    if (!this.closed) this.runner.dispose();
    this.closed = true;
  }
}
