// --threads and --variant of the commands that run models.
import { availableParallelism } from 'node:os';
import { mostThreads, variantRequests, type EngineOptions } from '@offramp/engine';
import type { Arguments } from './options.js';

/** More threads than this rarely pay for models of this size. */
const mostThreadsUnasked = 4;

/** Where an answer's bits matter less than its time. */
export function engineOptions(args: Arguments): EngineOptions {
  return { variant: args.choice('variant', variantRequests), threads: args.integer('threads', 1, mostThreads) ?? 1 };
}

/** Where a plan is made, which must be the same on every host. */
export function planningOptions(args: Arguments): EngineOptions {
  return { variant: 'simd', threads: args.integer('threads', 1, mostThreads) ?? Math.min(mostThreadsUnasked, availableParallelism()) };
}
