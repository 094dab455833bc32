// JSON values as types, and the only place where text becomes one.
import { OfframpError, type ErrorCode } from './errors.js';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Errors: `code`, naming `what` and the parser's complaint. */
export function parseJson(text: string, what: string, code: ErrorCode): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (thrown) {
    throw new OfframpError(code, `${what} is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** The module's own answers: anything but an object is our own bug. */
export function parseReport<T>(text: string, what: string): T {
  const value = parseJson(text, what, 'internal');
  if (!isJsonObject(value)) throw new OfframpError('internal', `${what} is not a JSON object`);
  return value as unknown as T;
}
