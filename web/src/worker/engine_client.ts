// The page's side of the worker: calls that answer with promises, tell of progress and can be aborted.
import { OfframpError } from '@offramp/engine';
import type { CallName, EngineApi, FromWorker, StartOptions, ToWorker } from './protocol.js';

export interface CallOptions<Progress> {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: OfframpError): void;
  onProgress: ((progress: never) => void) | undefined;
}

/** The part of Worker that is used, so that tests can hand in another. */
export interface WorkerPort {
  postMessage(message: ToWorker): void;
  onmessage: ((event: MessageEvent<FromWorker>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export class EngineClient {
  private readonly pending = new Map<number, Pending>();
  private lastId = 0;
  private failed: OfframpError | undefined;

  constructor(private readonly worker: WorkerPort, options: StartOptions) {
    worker.onmessage = ({ data }) => this.receive(data);
    worker.onerror = (event) => this.fail(new OfframpError('internal', `the page's worker stopped (${event.message || 'it could not be loaded'}); reload the page`));
    worker.postMessage({ kind: 'start', options });
  }

  /** Errors: what the engine says, as OfframpError; cancelled once the work has stopped after `signal`. */
  call<Name extends CallName>(name: Name, args: EngineApi[Name]['args'], options: CallOptions<EngineApi[Name]['progress']> = {}): Promise<EngineApi[Name]['result']> {
    if (this.failed !== undefined) return Promise.reject(this.failed);
    const { signal } = options;
    if (signal?.aborted === true) return Promise.reject(new OfframpError('cancelled', 'stopped before it began'));
    this.lastId += 1;
    const id = this.lastId;
    const abort = (): void => this.worker.postMessage({ kind: 'abort', id });
    return new Promise<EngineApi[Name]['result']>((resolve, reject) => {
      this.pending.set(id, { resolve: resolve as (result: unknown) => void, reject, onProgress: options.onProgress });
      signal?.addEventListener('abort', abort, { once: true });
      this.worker.postMessage({ kind: 'call', id, name, args });
    }).finally(() => signal?.removeEventListener('abort', abort));
  }

  private receive(message: FromWorker): void {
    const call = this.pending.get(message.id);
    if (call === undefined) return;
    if (message.kind === 'progress') {
      call.onProgress?.(message.progress as never);
      return;
    }
    this.pending.delete(message.id);
    if (message.kind === 'result') call.resolve(message.result);
    else call.reject(OfframpError.fromRecord(message.error));
  }

  private fail(error: OfframpError): void {
    this.failed = error;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}

const mostThreads = 4; // as the command: more rarely pay for models of this size

export function engineThreads(): number {
  return Math.max(1, Math.min(mostThreads, navigator.hardwareConcurrency || 1));
}

export function startEngine(): EngineClient {
  const worker = new Worker(new URL('./engine_worker.ts', import.meta.url), { type: 'module', name: 'offramp engine' });
  return new EngineClient(worker, {
    baseUrl: new URL(`${__ENGINE_FOLDER__}/`, document.baseURI).href,
    threads: engineThreads(),
  });
}
