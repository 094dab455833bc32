// One question for many that wait: each waits no longer than it may, and ends the question for no other.
import { OipError } from './errors.js';

/** The promise's outcome, or an end of one's own. Errors: the promise's; timeout, aborted. */
export function waitFor<T>(asked: Promise<T>, { signal, timeoutMs }: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined }, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => end(() => reject(new OipError('aborted', `${what}: stopped by its caller`)));
    const timer = timeoutMs === undefined ? undefined
      : setTimeout(() => end(() => reject(new OipError('timeout', `${what}: no whole answer within ${Math.round(timeoutMs)} ms`))), Math.min(timeoutMs, 2 ** 31 - 1));
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      settle();
    };
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
    asked.then((value) => end(() => resolve(value)), (thrown: unknown) => end(() => reject(thrown)));
  });
}
