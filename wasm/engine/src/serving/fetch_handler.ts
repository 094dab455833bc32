// The protocol's routes for hosts whose servers are a function from Request to Response: workerd, Deno, Bun, service workers.
// Sockets, TLS, tokens and logs are the host's.
import { readCappedBody } from '@offramp/oip';
import { corsHeaders, isOriginAllowed, preflightHeaders, type AllowedOrigins } from './cors.js';
import { HttpError, toHttpError } from './http_error.js';
import { repositoryIndex, type Service } from './service.js';

export interface FetchHandlerOptions {
  /** Of a request's body. Default 64 MiB. */
  mostBodyBytes?: number;
  origins?: AllowedOrigins;
  /** Of what the client is told nothing more about: our own bugs, and what the host throws. */
  onError?(thrown: unknown): void;
}

const defaultBodyBytes = 2 ** 26;
const route = /^\/v2\/models\/([^/]{1,768})(?:\/versions\/([^/]{1,768}))?(?:\/(ready|infer))?$/;

/** Answers every request, refusals as {"error": text}; it never throws. */
export function fetchHandler(service: Service, options: FetchHandlerOptions = {}): (request: Request) => Promise<Response> {
  return async (request) => {
    const origin = request.headers.get('origin');
    const isAllowed = origin !== null && isOriginAllowed(origin, options.origins ?? []);
    let response: Response;
    try {
      if (origin !== null && !isAllowed) throw new HttpError(403, `pages of the origin ${JSON.stringify(origin.slice(0, 200))} may not ask`);
      response = request.method === 'OPTIONS'
        ? new Response(null, { status: 204, headers: preflightHeaders(request.headers.get('access-control-request-private-network') === 'true') })
        : await answer(service, request, options.mostBodyBytes ?? defaultBodyBytes);
    } catch (thrown) {
      const error = toHttpError(thrown);
      if (error.status >= 500) options.onError?.(thrown);
      response = json(error.status, { error: error.message });
      if (error.retryAfterS !== undefined) response.headers.set('retry-after', String(error.retryAfterS));
    }
    if (isAllowed) for (const [name, value] of Object.entries(corsHeaders(origin))) response.headers.set(name, value);
    return response;
  };
}

async function answer(service: Service, request: Request, mostBodyBytes: number): Promise<Response> {
  const { pathname } = new URL(request.url);
  const yes = (key: string, value: boolean): Response => json(value ? 200 : 503, { [key]: value });
  const [, encodedModel, encodedVersion, action] = route.exec(pathname) ?? [];
  const isInfer = action === 'infer';
  const isIndex = pathname === '/v2/repository/index';
  const known = ['/v2/health/live', '/v2/health/ready', '/v2', '/v2/'].includes(pathname) || isIndex || encodedModel !== undefined;
  if (!known || request.method !== (isInfer || isIndex ? 'POST' : 'GET')) throw new HttpError(404, 'no such path; the protocol\'s start with /v2');
  if (pathname === '/v2/health/live') return yes('live', true);
  if (pathname === '/v2/health/ready') return yes('ready', await service.ready());
  if (isIndex) return json(200, repositoryIndex(await service.modelNames()));
  if (encodedModel === undefined) return json(200, await service.serverMetadata());
  const model = decoded(encodedModel);
  const version = encodedVersion === undefined ? undefined : decoded(encodedVersion);
  if (action === 'ready') return yes('ready', await service.modelReady(model, version));
  if (!isInfer) return json(200, await service.modelMetadata(model, version));
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding !== 'identity') throw new HttpError(415, 'compressed bodies are not read');
  const reply = await service.infer({
    model, version, headerLength: request.headers.get('inference-header-content-length'),
    contentType: request.headers.get('content-type') ?? 'application/json', body: await readBody(request, mostBodyBytes), signal: request.signal,
  });
  return new Response(reply.body as Uint8Array<ArrayBuffer>, { status: reply.status, headers: reply.headers });
}

function json(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json' } });
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new HttpError(400, 'the path is not one of the protocol');
  }
}

/** Reads no more than may be read, whatever length was announced. Errors: 413. */
async function readBody(request: Request, most: number): Promise<Uint8Array> {
  const tooLarge = (): HttpError => new HttpError(413, `a body of more than ${most} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > most) throw tooLarge();
  return readCappedBody(request.body as ReadableStream<Uint8Array> | null, most, tooLarge);
}
