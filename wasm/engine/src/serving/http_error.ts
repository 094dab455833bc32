// What a request is answered with when it cannot be answered: a status and {"error": text}.
import { OipError } from '@offramp/oip';
import { OfframpError } from '../errors.js';

export class HttpError extends Error {
  constructor(readonly status: number, message: string, readonly retryAfterS?: number) {
    super(message);
    this.name = 'HttpError';
  }
}

/** Any error as one for the client; what is our own bug keeps its details for the log. */
export function toHttpError(thrown: unknown): HttpError {
  if (thrown instanceof HttpError) return thrown;
  if (thrown instanceof OipError) return new HttpError(thrown.kind === 'protocol' || thrown.kind === 'invalid_argument' || thrown.kind === 'unsupported' ? 400 : 502, thrown.message);
  if (thrown instanceof OfframpError) {
    if (thrown.code === 'invalid_argument' || thrown.code === 'invalid_data' || thrown.code === 'limit_exceeded') return new HttpError(400, thrown.message);
    if (thrown.code === 'remote') return new HttpError(502, thrown.message);
    if (thrown.code === 'cancelled') return new HttpError(503, 'the server is going down', 1);
  }
  return new HttpError(500, 'an internal error; the server\'s log says more');
}
