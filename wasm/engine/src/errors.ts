// OfframpError: how everything on this side of the WebAssembly module says no. The codes mirror core/base/result.h.

export const errorCodes = [
  'invalid_argument', // a caller's option or call order
  'invalid_model', // ONNX bytes or a graph that breaks ONNX's rules
  'unsupported', // valid, but an operator, type or shape we do not run
  'invalid_data', // samples or labels
  'invalid_package', // an .offramp package
  'infeasible', // no plan meets the constraints
  'limit_exceeded', // a size cap for untrusted input
  'cancelled',
  'remote', // a remote stage
  'internal', // our own bug
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** A plain error: what crosses the module's and a worker's boundary. */
export interface ErrorRecord {
  code: string;
  message: string;
  context: readonly string[];
}

export class OfframpError extends Error {
  readonly code: ErrorCode;
  /** What was seen and what is allowed, without the context. */
  readonly detail: string;
  /** From the outside in: ["loading model", "node conv1 (Conv)"]. */
  readonly context: readonly string[];

  constructor(code: ErrorCode, message: string, context: readonly string[] = []) {
    super(context.length > 0 ? `${context.join(' > ')}: ${message}` : message);
    this.name = 'OfframpError';
    this.code = code;
    this.detail = message;
    this.context = context;
  }

  /** The same error seen from one level further out. */
  within(frame: string): OfframpError {
    return new OfframpError(this.code, this.detail, [frame, ...this.context]);
  }

  toRecord(): ErrorRecord {
    return { code: this.code, message: this.detail, context: [...this.context] };
  }

  static fromRecord(record: ErrorRecord): OfframpError {
    const code = errorCodes.find((known) => known === record.code) ?? 'internal';
    return new OfframpError(code, record.message, record.context);
  }

  /** Anything thrown, as an OfframpError; what is not ours is our own bug. */
  static from(thrown: unknown): OfframpError {
    if (thrown instanceof OfframpError) return thrown;
    return new OfframpError('internal', thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
  }
}

export const invalidData = (message: string): OfframpError => new OfframpError('invalid_data', message);
export const invalidArgument = (message: string): OfframpError => new OfframpError('invalid_argument', message);
export const limitExceeded = (message: string): OfframpError => new OfframpError('limit_exceeded', message);

/** Runs `work`; an error that leaves it gets `frame` as its outermost context. */
export function within<T>(frame: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw OfframpError.from(thrown).within(frame);
  }
}

export async function withinAsync<T>(frame: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw OfframpError.from(thrown).within(frame);
  }
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new OfframpError('cancelled', 'stopped before the end; nothing was written');
}
