// What stands behind the server's routes: a package's stages, or another server.
import type { JsonRecord } from '@offramp/oip';

export interface InferCall {
  model: string;
  version: string | undefined;
  /** Inference-Header-Content-Length as it came. */
  headerLength: string | null;
  contentType: string;
  body: Uint8Array;
  /** The client went away, or the server is going down. */
  signal: AbortSignal;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** The answer of /v2/repository/index. */
export function repositoryIndex(names: readonly string[]): JsonRecord[] {
  return names.map((name) => ({ name, state: 'READY' }));
}

/** Errors of every call: HttpError, or whatever toHttpError understands. */
export interface Service {
  ready(): Promise<boolean>;
  serverMetadata(): Promise<JsonRecord>;
  modelNames(): Promise<string[]>;
  /** Errors: 404 for an unknown model or version. */
  modelMetadata(model: string, version: string | undefined): Promise<JsonRecord>;
  modelReady(model: string, version: string | undefined): Promise<boolean>;
  infer(call: InferCall): Promise<Reply>;
  /** A name for metrics: nothing that a client makes up. */
  modelLabel(model: string): string;
  close(): Promise<void>;
}
