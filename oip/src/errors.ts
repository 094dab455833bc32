// OipError: every way in which a call can fail, and the readings of error bodies that servers are known to send.

export const oipErrorKinds = [
  'unreachable', // no answer: refused, reset, unknown host, or blocked by CORS
  'timeout', // no answer within timeoutMs
  'aborted', // by the caller's signal
  'unauthorized', // 401, 403
  'not_found', // 404: no such model, version or path
  'too_large', // 413, 431
  'overloaded', // 429, 503: retryAfterMs if the server said when
  'bad_request', // any other 4xx
  'server', // any other 5xx
  'protocol', // a message that is not what the protocol says
  'unsupported', // what this server cannot do, such as FP16 without binary tensors
  'invalid_argument', // a caller's mistake, found before anything was sent
] as const;
export type OipErrorKind = (typeof oipErrorKinds)[number];

export interface OipErrorDetails {
  status?: number | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
}

const worthRetrying: readonly OipErrorKind[] = ['unreachable', 'overloaded', 'server', 'protocol'];

export class OipError extends Error {
  readonly kind: OipErrorKind;
  /** The HTTP status, where there was an answer. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(kind: OipErrorKind, message: string, details: OipErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'OipError';
    this.kind = kind;
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether the same request may succeed a moment later. */
  get retryable(): boolean {
    return worthRetrying.includes(this.kind);
  }
}

export const protocolError = (message: string): OipError => new OipError('protocol', message);
export const argumentError = (message: string): OipError => new OipError('invalid_argument', message);

const longestMessage = 500;

/** The error that an answer with a status of 300 or more stands for. */
export function errorOfAnswer(status: number, headers: Headers, body: Uint8Array, what: string): OipError {
  const said = messageOfBody(new TextDecoder().decode(body.subarray(0, 65536)));
  const text = `${what}: status ${status}${said === undefined ? '' : `: ${said}`}`;
  return new OipError(kindOfStatus(status), text, { status, retryAfterMs: retryAfter(headers.get('retry-after')) });
}

function kindOfStatus(status: number): OipErrorKind {
  switch (status) {
    case 401: case 403: return 'unauthorized';
    case 404: return 'not_found';
    case 408: case 504: return 'timeout';
    case 413: case 431: return 'too_large';
    case 429: case 503: return 'overloaded';
    default: return status >= 500 ? 'server' : status >= 400 ? 'bad_request' : 'protocol';
  }
}

/** Seconds, or a date as HTTP writes it. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/**
 * What an error body says. Known are {"error": text} (the protocol, Triton, OpenVINO Model Server, MLServer), {"error": {"message"}}
 * (gateways), {"message"} and {"error": name, "message"} (TorchServe, proxies, Fastify), {"detail": text} and {"detail": [{"loc", "msg"}]}
 * (FastAPI, KServe), {"title", "detail"} (RFC 9457), {"status": {"info"}} (Seldon), plain text, and HTML pages of proxies.
 */
export function messageOfBody(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  let json: unknown;
  try {
    json = JSON.parse(trimmed);
  } catch {
    return shorten(/^<(!doctype|html)/i.test(trimmed) ? titleOf(trimmed) : trimmed);
  }
  const found = messageOfJson(json, 0);
  return found === undefined ? shorten(trimmed) : shorten(found);
}

function messageOfJson(json: unknown, depth: number): string | undefined {
  if (typeof json === 'string') return json === '' ? undefined : json;
  if (typeof json !== 'object' || json === null || depth > 3) return undefined;
  if (Array.isArray(json)) {
    const parts = json.slice(0, 8).map((entry) => messageOfJson(entry, depth + 1)).filter((part) => part !== undefined);
    return parts.length === 0 ? undefined : parts.join('; ');
  }
  const record = json as Record<string, unknown>;
  if (typeof record['msg'] === 'string') {
    const loc = Array.isArray(record['loc']) ? `${record['loc'].join('.')}: ` : '';
    return `${loc}${record['msg']}`;
  }
  const keys = ['message', 'detail', 'error', 'error_message', 'errors', 'info', 'reason', 'title', 'status'];
  for (const key of keys) {
    const found = messageOfJson(record[key], depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function titleOf(html: string): string {
  return /<title[^>]*>([^<]*)<\/title>/i.exec(html)?.[1]?.trim() || 'an HTML page';
}

function shorten(text: string): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();
  return clean.length > longestMessage ? `${clean.slice(0, longestMessage)}...` : clean;
}
