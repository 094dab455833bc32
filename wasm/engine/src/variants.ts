// The builds of the module and which of them a host takes: SIMD or relaxed SIMD, each with and without threads.
// Relaxed SIMD fuses multiply and add, so its last bits are the host's own; SIMD gives every host the same bits.
import { OfframpError, invalidArgument } from './errors.js';

export type Variant = 'simd' | 'simd-threads' | 'relaxed-simd' | 'relaxed-simd-threads';

export const variantRequests = ['auto', 'simd', 'relaxed-simd'] as const;
export type VariantRequest = (typeof variantRequests)[number];

export interface EngineOptions {
  variant?: VariantRequest | undefined;
  /** At most so many, the calling one among them; a host without threads has one. Default 1. */
  threads?: number | undefined;
  /** How long the threads' workers may take to load. Then "auto" goes on without threads, and others fail. Default 10 s. */
  threadStartLimitMs?: number | undefined;
}

export interface HostFeatures {
  simd: boolean;
  relaxedSimd: boolean;
  threads: boolean;
}

export const mostThreads = 64; // kMaxThreads of core/exec/threads.h
const longestLimitMs = 2 ** 31 - 1; // what setTimeout takes

const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const returnsVector = [0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b, 0x03, 0x02, 0x01, 0x00]; // a type () -> v128, a function of it
const returnsNothing = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00, 0x03, 0x02, 0x01, 0x00];
const splat = [0x41, 0x00, 0xfd, 0x0f]; // i32.const 0, i8x16.splat
const probes = {
  simd: [...returnsVector, 0x0a, 0x08, 0x01, 0x06, 0x00, ...splat, 0x0b],
  // f32x4.relaxed_madd of three vectors
  relaxedSimd: [...returnsVector, 0x0a, 0x13, 0x01, 0x11, 0x00, ...splat, ...splat, ...splat, 0xfd, 0x85, 0x02, 0x0b],
  // a shared memory of one page, i32.const 0, i32.atomic.load, drop
  threads: [...returnsNothing, 0x05, 0x04, 0x01, 0x03, 0x01, 0x01, 0x0a, 0x0b, 0x01, 0x09, 0x00, 0x41, 0x00, 0xfe, 0x10, 0x02, 0x00, 0x1a, 0x0b],
};

function validates(probe: readonly number[]): boolean {
  return WebAssembly.validate(Uint8Array.from([...header, ...probe]));
}

/** What this host's WebAssembly knows. A page has threads when it is cross-origin isolated, and then only in its workers. */
export function detectFeatures(): HostFeatures {
  const host = globalThis as { SharedArrayBuffer?: unknown; crossOriginIsolated?: boolean; document?: unknown };
  const mayShare = host.SharedArrayBuffer !== undefined && host.crossOriginIsolated !== false;
  const mayBlock = host.document === undefined; // a page's own thread must not wait for others
  return {
    simd: validates(probes.simd),
    relaxedSimd: validates(probes.relaxedSimd),
    threads: mayShare && mayBlock && validates(probes.threads),
  };
}

/** Errors: unsupported without SIMD or where relaxed SIMD is asked for and missing; invalid_argument for a number out of range. */
export function chooseVariant(options: EngineOptions, features: HostFeatures): { variant: Variant; threads: number } {
  const { variant: request = 'auto', threads: most = 1, threadStartLimitMs: limit = 1 } = options;
  if (!Number.isInteger(most) || most < 1 || most > mostThreads) {
    throw invalidArgument(`threads: expected a whole number from 1 to ${mostThreads}, got ${most}`);
  }
  if (!(limit > 0 && limit <= longestLimitMs)) throw invalidArgument(`threadStartLimitMs: expected a number above 0 and up to ${longestLimitMs}, got ${limit}`);
  if (!features.simd) throw new OfframpError('unsupported', 'this host\'s WebAssembly has no SIMD; Node 20 and the browsers of 2023 have it');
  if (request === 'relaxed-simd' && !features.relaxedSimd) {
    throw new OfframpError('unsupported', 'this host\'s WebAssembly has no relaxed SIMD; Node 22 and Chromium have it, and the variant "simd" runs everywhere');
  }
  const threads = features.threads ? most : 1;
  const level = request === 'auto' ? 'simd' : request;
  return { variant: threads > 1 ? `${level}-threads` : level, threads };
}
