// The protocol's routes on Fastify: limits, access, errors and logs are here, answers come from a Service.
import Fastify, { LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { corsHeaders, HttpError, isOriginAllowed, preflightHeaders, repositoryIndex, toHttpError, type AllowedOrigins, type Service } from '@offramp/engine/serving';
import { TokenCheck } from './access.js';
import type { Metrics } from './metrics.js';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface HttpOptions {
  mostBodyBytes: number;
  origins: AllowedOrigins;
  token?: string | undefined;
  tls?: { cert: Buffer; key: Buffer } | undefined;
  logLevel: LogLevel;
  /** One line of JSON. */
  log(line: string): void;
  metrics: Metrics;
}

const headerBytes = 16_384;
const headersTimeoutMs = 10_000; // of a client that sends its headers byte by byte
const requestTimeoutMs = 30_000; // of the whole request
const idleTimeoutMs = 75_000; // of a kept connection; longer than proxies' 60 s
const mostConnections = 2048;
const longestName = 256;

interface ModelPath {
  Params: { model: string; version?: string };
}

export class HttpServer {
  readonly app: FastifyInstance;
  private readonly token: TokenCheck | undefined;
  private readonly underWay = new Set<AbortController>();
  private closing = false;

  constructor(private readonly service: Service, private readonly options: HttpOptions) {
    this.token = options.token === undefined ? undefined : new TokenCheck(options.token);
    this.app = createApp(options);
    this.app.server.maxConnections = mostConnections;
    // Bodies stay bytes: what they hold is decided by the protocol, after their size was checked.
    this.app.removeAllContentTypeParsers();
    this.app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    this.app.addHook('onRequest', (request, reply, done) => this.admit(request, reply, done));
    this.app.addHook('onSend', (_request, reply, _payload, done) => {
      if (this.closing) void reply.header('connection', 'close'); // else it would be kept until the grace is over
      done();
    });
    this.app.addHook('onResponse', (request, reply, done) => {
      const model = (request.params as ModelPath['Params'] | undefined)?.model;
      options.metrics.requests.add({ model: model === undefined ? '' : service.modelLabel(model), code: String(reply.statusCode) });
      if (model !== undefined && request.method === 'POST') options.metrics.seconds.observe(reply.elapsedTime / 1000);
      request.log.debug({ method: request.method, url: request.url, status: reply.statusCode, ms: reply.elapsedTime }, 'answered');
      done();
    });
    this.app.setErrorHandler((thrown: Error & { statusCode?: number }, request, reply) => {
      const known = thrown.statusCode !== undefined && thrown.statusCode >= 400 && thrown.statusCode < 500;
      const error = known ? new HttpError(thrown.statusCode as number, thrown.message) : toHttpError(thrown);
      if (error.status >= 500) request.log.error({ err: thrown, url: request.url }, error.message);
      else request.log.info({ url: request.url, status: error.status }, error.message);
      void sendError(reply, error);
    });
    this.app.setNotFoundHandler((_request, reply) => sendError(reply, new HttpError(404, 'no such path; the protocol\'s start with /v2')));
    this.addRoutes();
  }

  /** The URL it listens at. */
  async listen(host: string, port: number): Promise<string> {
    return this.app.listen({ host, port });
  }

  /** Takes no new work, lets what is under way end for so long, then closes. */
  async close(graceMs: number): Promise<void> {
    this.closing = true;
    const timer = setTimeout(() => {
      for (const controller of this.underWay) controller.abort();
      this.app.server.closeAllConnections();
    }, graceMs);
    try {
      await this.app.close();
    } finally {
      clearTimeout(timer);
      await this.service.close();
    }
  }

  /** CORS and the token, before a body is read. */
  private admit(request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void {
    const { origin } = request.headers;
    if (origin !== undefined) {
      if (!isOriginAllowed(origin, this.options.origins)) {
        done(new HttpError(403, `pages of the origin ${JSON.stringify(origin.slice(0, 200))} may not ask; --allow-origin names those that may`));
        return;
      }
      void reply.headers(corsHeaders(origin));
    }
    if (request.method === 'OPTIONS') {
      void reply.code(204).headers(preflightHeaders(request.headers['access-control-request-private-network'] === 'true')).send();
      return;
    }
    const isProbe = request.url === '/v2/health/live' || request.url === '/v2/health/ready';
    if (this.closing && !isProbe) {
      done(new HttpError(503, 'the server is going down', 1));
      return;
    }
    if (this.token !== undefined && !isProbe && !this.token.accepts(request.headers.authorization)) {
      void reply.header('www-authenticate', 'Bearer');
      done(new HttpError(401, request.headers.authorization === undefined ? 'a bearer token is needed' : 'the token is wrong'));
      return;
    }
    if (request.headers['content-encoding'] !== undefined && request.headers['content-encoding'] !== 'identity') {
      done(new HttpError(415, 'compressed bodies are not read'));
      return;
    }
    done();
  }

  private addRoutes(): void {
    const { app, service } = this;
    const yes = (key: string, value: boolean, reply: FastifyReply): unknown => reply.code(value ? 200 : 503).send({ [key]: value });
    app.options('/*', (_request, reply) => reply.code(204).send()); // answered before, in admit()
    app.get('/v2/health/live', (_request, reply) => yes('live', true, reply));
    app.get('/v2/health/ready', async (_request, reply) => yes('ready', !this.closing && await service.ready(), reply));
    app.get('/v2', () => service.serverMetadata());
    app.get('/v2/', () => service.serverMetadata());
    app.post('/v2/repository/index', async () => repositoryIndex(await service.modelNames()));
    app.get('/metrics', (_request, reply) => reply.type('text/plain; version=0.0.4').send(this.options.metrics.text()));
    for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
      app.get<ModelPath>(path, ({ params }) => service.modelMetadata(params.model, params.version));
      app.get<ModelPath>(`${path}/ready`, async ({ params }, reply) => yes('ready', await service.modelReady(params.model, params.version), reply));
      app.post<ModelPath>(`${path}/infer`, (request, reply) => this.infer(request, reply));
    }
  }

  private async infer(request: FastifyRequest<ModelPath>, reply: FastifyReply): Promise<unknown> {
    const { model, version } = request.params;
    const body = request.body ?? Buffer.alloc(0);
    const { headers } = request;
    const headerLength = headers['inference-header-content-length'];
    if (Array.isArray(headerLength)) throw new HttpError(400, 'Inference-Header-Content-Length is there twice');
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    reply.raw.once('close', leave);
    this.underWay.add(gone);
    try {
      const answer = await this.service.infer({
        model, version, headerLength: headerLength ?? null, contentType: headers['content-type'] ?? 'application/json', body: body as Buffer, signal: gone.signal,
      });
      return await reply.code(answer.status).headers(answer.headers).send(Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength));
    } finally {
      reply.raw.off('close', leave);
      this.underWay.delete(gone);
    }
  }
}

function createApp({ mostBodyBytes, tls, logLevel, log }: HttpOptions): FastifyInstance {
  const common = {
    bodyLimit: mostBodyBytes, requestTimeout: requestTimeoutMs, keepAliveTimeout: idleTimeoutMs, forceCloseConnections: 'idle' as const,
    return503OnClosing: false, // admit() says so in the form of all refusals
    logController: new LogController({ disableRequestLogging: true }), exposeHeadRoutes: false, routerOptions: { maxParamLength: longestName },
    logger: { level: logLevel, stream: { write: log } },
    frameworkErrors: (_error: Error, _request: unknown, reply: FastifyReply) => sendError(reply, new HttpError(400, 'the path is not one of the protocol')),
    clientErrorHandler: answerBrokenRequest,
  };
  const server = { maxHeaderSize: headerBytes, headersTimeout: headersTimeoutMs, connectionsCheckingInterval: 1000 };
  const app = tls === undefined ? Fastify({ ...common, http: server }) : Fastify({ ...common, https: { ...server, ...tls } });
  return app as unknown as FastifyInstance;
}

async function sendError(reply: FastifyReply, { status, message, retryAfterS }: HttpError): Promise<void> {
  if (retryAfterS !== undefined) void reply.header('retry-after', String(retryAfterS));
  await reply.code(status).type('application/json').send(JSON.stringify({ error: message }));
}

const brokenRequests: Partial<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, `headers of more than ${headerBytes} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request did not come in time'],
};

/** What Node's parser refuses never becomes a request. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] = brokenRequests[error.code ?? ''] ?? [400, 'this is no HTTP request'];
  const body = JSON.stringify({ error: message });
  socket.end(`HTTP/1.1 ${status} Error\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`);
}
