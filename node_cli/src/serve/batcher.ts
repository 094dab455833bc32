// Requests to workers: those for the same model wait together until a worker is free, up to a bound, and run as one batch.
import { Worker } from 'node:worker_threads';
import { OfframpError } from '@offramp/engine';
import { HttpError, type Job, type JobResult, type Rows, type ServedModel, type StageQueue, type StageSetup } from '@offramp/engine/serving';
import type { FromStageWorker, WorkerData } from './worker_messages.js';

export interface BatchSettings {
  workers: number;
  /** Rows that run together. */
  mostRows: number;
  /** How long a request waits for others although a worker is free. 0: not at all; while all are busy, requests gather anyway. */
  delayMs: number;
  /** Rows that may wait; what comes then is sent away. */
  queueRows: number;
  /** Of the largest stage's input, in f32. */
  rowBytes: number;
  /** What workers run; tests have others. */
  script?: URL | undefined;
}

interface Waiting {
  model: ServedModel;
  rows: Rows;
  since: number;
  ends: number;
  resolve(result: JobResult): void;
  reject(error: HttpError): void;
  gone: boolean;
}

interface Busy {
  worker: Worker;
  area: Uint8Array;
  idle: boolean;
}

export class Batcher implements StageQueue {
  private queue: Waiting[] = [];
  private queuedRows = 0;
  private readonly workers: Busy[] = [];
  private readonly running = new Map<number, { requests: Waiting[]; worker: Worker }>();
  private lastId = 0;
  private timer: NodeJS.Timeout | undefined;
  private scheduled = false;
  private closing = false;

  private constructor(private readonly setup: StageSetup, private readonly settings: BatchSettings, private readonly onBatch: (rows: number) => void,
    private readonly onWorkerLost: (reason: string) => void) {}

  /** Errors: those of a worker that cannot start. */
  static async start(setup: StageSetup, settings: BatchSettings, onBatch: (rows: number) => void, onWorkerLost: (reason: string) => void): Promise<Batcher> {
    const batcher = new Batcher(setup, settings, onBatch, onWorkerLost);
    try {
      await Promise.all(Array.from({ length: settings.workers }, () => batcher.startWorker()));
    } catch (thrown) {
      await batcher.close();
      throw thrown;
    }
    return batcher;
  }

  /** Rows that wait. */
  get waiting(): number {
    return this.queuedRows;
  }
  get liveWorkers(): number {
    return this.workers.length;
  }
  isReady(): boolean {
    return this.workers.length > 0;
  }

  /** Errors: HttpError 503 if the queue is full, 504 past the deadline. */
  run(model: ServedModel, rows: Rows, deadlineMs: number, signal: AbortSignal): Promise<JobResult> {
    if (this.queuedRows + rows.count > this.settings.queueRows) {
      return Promise.reject(new HttpError(503, `${this.queuedRows} rows wait already; come again later`, 1));
    }
    return new Promise((resolve, reject) => {
      const since = performance.now();
      const request: Waiting = { model, rows, since, ends: since + deadlineMs, resolve, reject, gone: false };
      const timer = setTimeout(() => this.drop(request, new HttpError(504, `no answer within ${Math.round(deadlineMs)} ms`)), deadlineMs);
      const leave = (): void => this.drop(request, new HttpError(499, 'the client went away'));
      signal.addEventListener('abort', leave, { once: true });
      const ended = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
      };
      request.resolve = (result) => { ended(); resolve(result); };
      request.reject = (error) => { ended(); reject(error); };
      this.queue.push(request);
      this.queuedRows += rows.count;
      this.wake();
    });
  }

  /** Ends the workers; what still waits is sent away. */
  async close(): Promise<void> {
    this.closing = true;
    clearTimeout(this.timer);
    for (const request of [...this.queue]) this.drop(request, new HttpError(503, 'the server is going down', 1));
    await Promise.all(this.workers.map(({ worker }) => worker.terminate()));
  }

  /** After this turn of the event loop, so that requests that arrived together run together. */
  private wake(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.dispatch();
    });
  }

  private dispatch(): void {
    clearTimeout(this.timer);
    for (const busy of this.workers) {
      const [first] = this.queue;
      if (first === undefined) return;
      if (!busy.idle) continue;
      const batch = this.takeBatch(first);
      const rows = batch.reduce((sum, request) => sum + request.rows.count, 0);
      const wait = first.since + this.settings.delayMs - performance.now();
      if (wait > 0 && rows < this.settings.mostRows) {
        this.timer = setTimeout(() => this.dispatch(), wait);
        return;
      }
      this.send(busy, batch, rows);
    }
  }

  private takeBatch(first: Waiting): Waiting[] {
    let rows = 0;
    const { stage, continues } = first.model;
    return this.queue.filter((request) => {
      const same = request.model.stage === stage && request.model.continues === continues;
      if (!same || (rows > 0 && rows + request.rows.count > this.settings.mostRows)) return false;
      rows += request.rows.count;
      return true;
    });
  }

  private send(busy: Busy, batch: Waiting[], rows: number): void {
    const taken = new Set(batch);
    this.queue = this.queue.filter((request) => !taken.has(request));
    this.queuedRows -= rows;
    this.lastId += 1;
    const [{ model: { stage, continues } }] = batch as [Waiting];
    const now = performance.now();
    let at = 0;
    const job: Job = {
      id: this.lastId, stage, continues,
      requests: batch.map(({ rows: { data, scales, zeroPoints, ...own }, ends }) => {
        busy.area.set(data, at);
        at += data.length;
        return {
          ...own, bytes: data.length, deadlineMs: Math.max(1, ends - now),
          // Copied: a view would carry the whole of its buffer along.
          ...(scales ? { scales: scales.slice() } : {}), ...(zeroPoints ? { zeroPoints: zeroPoints.slice() } : {}),
        };
      }),
    };
    this.running.set(job.id, { requests: batch, worker: busy.worker });
    busy.idle = false;
    this.onBatch(rows);
    busy.worker.postMessage(job);
  }

  private drop(request: Waiting, error: HttpError): void {
    if (request.gone) return;
    request.gone = true;
    const at = this.queue.indexOf(request);
    if (at >= 0) {
      this.queue.splice(at, 1);
      this.queuedRows -= request.rows.count;
    }
    request.reject(error);
  }

  private startWorker(): Promise<void> {
    const area = new SharedArrayBuffer(this.settings.mostRows * this.settings.rowBytes);
    const worker = new Worker(this.settings.script ?? new URL('./stage_worker.js', import.meta.url), { workerData: { ...this.setup, area } satisfies WorkerData });
    const busy: Busy = { worker, area: new Uint8Array(area), idle: false };
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromStageWorker) => {
        switch (message.kind) {
          case 'ready':
            busy.idle = true;
            this.workers.push(busy);
            resolve();
            this.wake();
            break;
          case 'failed': reject(OfframpError.fromRecord(message.error)); break;
          case 'idle':
            busy.idle = true;
            this.wake();
            break;
          case 'done':
            if (message.idle) {
              busy.idle = true;
              this.wake();
            }
            this.finish(message.id, message.results);
            break;
        }
      });
      worker.on('error', (error) => reject(error));
      worker.on('exit', () => {
        reject(new OfframpError('internal', 'a worker ended before it was ready'));
        this.lose(busy);
      });
    });
  }

  private finish(id: number, results: JobResult[]): void {
    const job = this.running.get(id);
    this.running.delete(id);
    job?.requests.forEach((request, index) => {
      if (request.gone) return;
      request.gone = true;
      request.resolve(results[index] as JobResult);
    });
  }

  /** A worker that ended by itself, such as by running out of memory: its requests fail, another takes its place. */
  private lose(busy: Busy): void {
    const at = this.workers.indexOf(busy);
    if (at < 0 || this.closing) return;
    this.workers.splice(at, 1);
    for (const [id, { requests, worker }] of this.running) {
      if (worker !== busy.worker) continue;
      this.running.delete(id);
      for (const request of requests) this.drop(request, new HttpError(500, 'the worker that ran this request ended'));
    }
    this.onWorkerLost('a worker ended by itself; another is started');
    this.startWorker().catch((thrown: unknown) => this.onWorkerLost(`a worker cannot start: ${OfframpError.from(thrown).message}`));
  }
}
