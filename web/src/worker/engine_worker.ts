// The worker where everything of the engine happens, so that the page stays responsive.
import { OfframpError, type Engine } from '@offramp/engine';
import { loadBrowserEngine } from '@offramp/engine/browser';
import { dataCalls } from './calls/data.js';
import { modelCalls } from './calls/model.js';
import { packageCalls } from './calls/package.js';
import { planCalls } from './calls/plan.js';
import { runCalls } from './calls/run.js';
import { searchCalls } from './calls/search.js';
import { targetsCalls } from './calls/targets.js';
import type { CallContext, CallName, EngineApi, FromWorker, Handlers, StartOptions, ToWorker, WorkerState } from './protocol.js';

interface Scope {
  onmessage: (event: { data: ToWorker }) => void;
  postMessage(message: FromWorker): void;
}
const scope = globalThis as unknown as Scope;

const handlers: Handlers<EngineApi> = { ...modelCalls, ...dataCalls, ...packageCalls, ...planCalls, ...runCalls, ...searchCalls, ...targetsCalls };
const state: WorkerState = {};
const aborts = new Map<number, AbortController>();
let start: StartOptions | undefined;
let engine: Promise<Engine> | undefined;

function loadedEngine(): Promise<Engine> {
  if (start === undefined) throw new OfframpError('internal', 'the worker was not started');
  engine ??= loadBrowserEngine(start).catch((thrown: unknown) => {
    engine = undefined; // the next call tries again, perhaps with a network
    throw thrown;
  });
  return engine;
}

/** A module that trapped or ran out of memory is of no more use; the next call gets a new one, and what the worker keeps stays. */
async function replaceStoppedEngine(error: OfframpError): Promise<void> {
  if (error.code !== 'internal' || !error.detail.startsWith('the WebAssembly module stopped')) return;
  const stopped = engine;
  engine = undefined;
  await stopped?.then((old) => old.dispose()).catch(() => undefined);
}

async function answer(id: number, name: CallName, args: unknown): Promise<void> {
  const abort = new AbortController();
  aborts.set(id, abort);
  const context: CallContext<unknown> = {
    engine: loadedEngine, state, signal: abort.signal,
    progress: (progress) => scope.postMessage({ kind: 'progress', id, progress }),
  };
  try {
    const handler = handlers[name] as unknown as (args: unknown, context: CallContext<unknown>) => Promise<unknown>;
    scope.postMessage({ kind: 'result', id, result: await handler(args, context) });
  } catch (thrown) {
    const error = OfframpError.from(thrown);
    await replaceStoppedEngine(error);
    scope.postMessage({ kind: 'error', id, error: error.toRecord() });
  } finally {
    aborts.delete(id);
  }
}

scope.onmessage = ({ data }) => {
  switch (data.kind) {
    case 'start':
      start = data.options;
      break;
    case 'call':
      void answer(data.id, data.name, data.args);
      break;
    case 'abort':
      aborts.get(data.id)?.abort();
      break;
  }
};
