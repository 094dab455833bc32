// Calls that may fail: a deadline, at most one retry, a circuit breaker. What is left is a Failure, which says why in a word.
import { OipError, type OipErrorKind } from '@offramp/oip';
import { OfframpError } from '../errors.js';
import { CircuitBreaker, type BreakerOptions } from './circuit_breaker.js';

export type FailureReason =
  | 'deadline' // no answer in time
  | 'circuit_open' // the endpoint has failed before and is left alone
  | 'unreachable'
  | 'overloaded'
  | 'refused' // the endpoint does not take the request: token, model, size, shape
  | 'server_error'
  | 'bad_answer'; // an answer that is none

export class Failure extends Error {
  constructor(readonly reason: FailureReason, message: string, readonly attempts: number) {
    super(message);
  }
}

export interface CallerOptions {
  /** Of one attempt. Then a retry may follow one that took too long. Default: all the time that there is. */
  attemptMs?: number | undefined;
  breaker?: BreakerOptions | undefined;
}

const reasons: Record<OipErrorKind, FailureReason> = {
  unreachable: 'unreachable', timeout: 'deadline', aborted: 'deadline', unauthorized: 'refused', not_found: 'refused', too_large: 'refused',
  overloaded: 'overloaded', bad_request: 'refused', server: 'server_error', protocol: 'bad_answer', unsupported: 'refused', invalid_argument: 'refused',
};
const longestWaitMs = 50; // before a retry: enough for a server that restarts a worker, short against deadlines

export class Caller {
  private readonly breaker: CircuitBreaker;

  constructor(private readonly options: CallerOptions = {}) {
    this.breaker = new CircuitBreaker(options.breaker);
  }

  /** Until `ends` (of performance.now()). Errors: Failure; OfframpError cancelled by the signal, or whatever is not the endpoint's fault. */
  async call<T>(work: (timeoutMs: number) => Promise<T>, ends: number, signal: AbortSignal | undefined): Promise<{ value: T; attempts: number }> {
    const { attemptMs = Infinity } = this.options;
    for (let attempt = 1; ; attempt += 1) {
      const left = ends - performance.now();
      if (left <= 0) throw new Failure('deadline', 'no time is left', attempt - 1);
      if (!this.breaker.allows()) throw new Failure('circuit_open', 'the endpoint failed before and is left alone for now', attempt - 1);
      try {
        const value = await work(Math.min(left, attemptMs));
        this.breaker.succeeded();
        return { value, attempts: attempt };
      } catch (thrown) {
        if (!(thrown instanceof OipError) || signal?.aborted === true) {
          this.breaker.abandoned();
          throw signal?.aborted === true ? new OfframpError('cancelled', 'the request was stopped by its caller') : thrown;
        }
        this.breaker.failed();
        if (thrown.retryAfterMs !== undefined) this.breaker.hold(thrown.retryAfterMs);
        const again = thrown.retryable || (thrown.kind === 'timeout' && attemptMs < Infinity);
        if (attempt === 2 || !again || thrown.retryAfterMs !== undefined) throw new Failure(reasons[thrown.kind], thrown.message, attempt);
        await pause(Math.min(Math.random() * longestWaitMs, Math.max(0, (ends - performance.now()) / 4)), signal);
      }
    }
  }
}

/** Errors: cancelled by the signal. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(new OfframpError('cancelled', 'the request was stopped by its caller'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
