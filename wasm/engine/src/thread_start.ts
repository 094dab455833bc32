// Starts a build with threads. Its factory answers once every thread's worker has loaded, which a host may forbid without
// a word to the factory: the wait ends at a worker's error, or at a time limit.
import { OfframpError } from './errors.js';
import type { ModuleFactory, ModuleOptions, RawModule, ThreadWorker } from './raw_module.js';

export const defaultThreadStartLimitMs = 10_000;

/** The limit counts from when the module itself is there. Errors: unsupported when workers do not load; they are ended. */
export async function startThreads(factory: ModuleFactory, options: ModuleOptions, limitMs: number): Promise<RawModule> {
  const module: ModuleOptions & Pick<RawModule, 'PThread'> = { ...options };
  const handlers = new Map<ThreadWorker, ThreadWorker['onerror']>();
  let limit: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<RawModule>((resolve, reject) => {
      const watch = (): void => {
        for (const worker of module.PThread?.unusedWorkers ?? []) {
          handlers.set(worker, worker.onerror);
          worker.onerror = () => reject(doesNotStart('a thread\'s worker cannot be loaded'));
        }
      };
      module.preRun = () => {
        limit = setTimeout(() => reject(doesNotStart(`the threads' workers did not load within ${limitMs / 1000} s`)), limitMs);
        queueMicrotask(watch); // once the module has set its own handlers, which throw where nobody can catch
      };
      factory(module).then(resolve, reject);
      watch();
    });
  } catch (thrown) {
    for (const worker of handlers.keys()) worker.onerror = () => undefined;
    handlers.clear();
    module.PThread?.terminateAllThreads();
    throw thrown;
  } finally {
    clearTimeout(limit);
    for (const [worker, handler] of handlers) worker.onerror = handler;
  }
}

function doesNotStart(seen: string): OfframpError {
  return new OfframpError('unsupported', `${seen}; check that the script offramp.mjs is served with the page's Cross-Origin-Embedder-Policy`
    + ' and that worker-src of its content security policy allows it, or ask for 1 thread');
}
