// The client: health, metadata and inference over fetch, on any host that has it.
import { readCappedBody } from './capped_body.js';
import { argumentError, errorOfAnswer, OipError, protocolError } from './errors.js';
import { readModelMetadata, readRepositoryIndex, readServerMetadata, type ModelMetadata, type ServerMetadata } from './metadata.js';
import { brief, type Tensor } from './tensors.js';
import { waitFor } from './waiting.js';
import { binaryExtension, decodeTensors, encodeMessage, headerLengthName, isRecord, pathPart, splitMessage, type JsonRecord } from './wire.js';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ClientOptions {
  /** Sent as a bearer token. */
  token?: string | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Binary tensors: asked for if the server says it has them ("auto", the default), always or never. */
  binary?: 'auto' | boolean | undefined;
  /** Largest answer that is read. Default 256 MiB. */
  maxResponseBytes?: number | undefined;
  fetch?: Fetch | undefined;
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Of the whole call, reading the answer included. Default: none. */
  timeoutMs?: number | undefined;
}

export interface InferRequest {
  model: string;
  version?: string | undefined;
  id?: string | undefined;
  inputs: readonly Tensor[];
  /** Names; all unless given. */
  outputs?: readonly string[] | undefined;
  parameters?: Readonly<JsonRecord> | undefined;
}

export interface InferResponse {
  model: string;
  version: string | undefined;
  id: string | undefined;
  parameters: JsonRecord;
  outputs: Tensor[];
  /** Of the bodies, headers not counted. */
  bytesSent: number;
  bytesReceived: number;
}

interface Answer {
  headers: Headers;
  body: Uint8Array;
}

export class OipClient {
  /** Without a slash at its end. */
  readonly url: string;
  private binary: Promise<boolean> | undefined;

  /** Errors: invalid_argument for a URL that is not http or https. */
  constructor(url: string | URL, private readonly options: ClientOptions = {}) {
    let parsed: URL;
    try {
      parsed = new URL(url);
    } catch {
      throw argumentError(`${brief(String(url))} is no URL`);
    }
    if (!/^https?:$/.test(parsed.protocol)) throw argumentError(`a server's URL starts with http:// or https://, not ${parsed.protocol}`);
    if (parsed.search !== '' || parsed.hash !== '') throw argumentError('a server\'s URL has neither "?" nor "#"');
    if (parsed.username !== '' || parsed.password !== '') throw argumentError('a server\'s URL holds no password; hand a token in');
    this.url = parsed.href.replace(/\/+$/, '');
  }

  /** Whether the server answers and says so. Errors: unreachable, timeout, aborted. */
  serverLive(options: CallOptions = {}): Promise<boolean> {
    return this.says('v2/health/live', options);
  }
  serverReady(options: CallOptions = {}): Promise<boolean> {
    return this.says('v2/health/ready', options);
  }
  modelReady(model: string, version?: string, options: CallOptions = {}): Promise<boolean> {
    return this.says(`${modelPath(model, version)}/ready`, options);
  }

  async serverMetadata(options: CallOptions = {}): Promise<ServerMetadata> {
    return readServerMetadata(await this.getJson('v2', options));
  }
  async modelMetadata(model: string, version?: string, options: CallOptions = {}): Promise<ModelMetadata> {
    return readModelMetadata(await this.getJson(modelPath(model, version), options));
  }

  /** Names of the models that are there, by the extension model_repository, which not every server has. Errors: not_found or bad_request of one that has it not. */
  async modelNames(options: CallOptions = {}): Promise<string[]> {
    const { body } = await this.call('v2/repository/index', { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }, 'list of models', options);
    return readRepositoryIndex(body);
  }

  /** Errors: OipError of any kind; the answer's tensors are checked for type, shape and length. */
  async infer(request: InferRequest, options: CallOptions = {}): Promise<InferResponse> {
    const binary = await this.usesBinary(options);
    const header: JsonRecord = { ...(request.id === undefined ? {} : { id: request.id }) };
    const parameters = { ...request.parameters, ...(binary && request.outputs === undefined ? { binary_data_output: true } : {}) };
    if (Object.keys(parameters).length > 0) header['parameters'] = parameters;
    if (request.outputs !== undefined) {
      header['outputs'] = request.outputs.map((name) => (binary ? { name, parameters: { binary_data: true } } : { name }));
    }
    const { body, headerLength } = encodeMessage(header, 'inputs', request.inputs, () => binary);
    const headers: Record<string, string> = headerLength === undefined
      ? { 'Content-Type': 'application/json' }
      : { 'Content-Type': 'application/octet-stream', [headerLengthName]: String(headerLength) };
    const what = `inference with ${brief(request.model)}`;
    const answer = await this.call(`${modelPath(request.model, request.version)}/infer`, { method: 'POST', body, headers }, what, options);
    const { header: json, tail } = splitMessage(answer.body, answer.headers.get(headerLengthName));
    if (json['outputs'] === undefined && typeof json['error'] === 'string') throw new OipError('server', `${what}: ${json['error'].slice(0, 500)}`);
    return {
      model: typeof json['model_name'] === 'string' ? json['model_name'] : request.model,
      version: typeof json['model_version'] === 'string' ? json['model_version'] : undefined,
      id: typeof json['id'] === 'string' ? json['id'] : undefined,
      parameters: isRecord(json['parameters']) ? json['parameters'] : {},
      outputs: decodeTensors(json, 'outputs', tail),
      bytesSent: body.length, bytesReceived: answer.body.length,
    };
  }

  /** Asked once, for all; a server that does not describe itself has no binary tensors. A failed question is asked again next time. */
  private usesBinary(options: CallOptions): Promise<boolean> {
    const { binary = 'auto' } = this.options;
    if (binary !== 'auto') return Promise.resolve(binary);
    if (this.binary === undefined) {
      // Without the signal of the one who happens to ask first.
      const asked = this.serverMetadata({ timeoutMs: options.timeoutMs }).then(({ extensions }) => extensions.includes(binaryExtension), (thrown: unknown) => {
        if (thrown instanceof OipError && ['not_found', 'bad_request', 'protocol'].includes(thrown.kind)) return false;
        throw thrown;
      });
      this.binary = asked;
      asked.catch(() => {
        this.binary = undefined;
      });
    }
    return waitFor(this.binary, options, 'metadata of the server');
  }

  private async says(path: string, options: CallOptions): Promise<boolean> {
    try {
      const { body } = await this.call(path, { method: 'GET' }, path, options);
      // Some servers answer 200 with {"ready": false}.
      const text = new TextDecoder().decode(body.subarray(0, 1024));
      return !/"(live|ready)"\s*:\s*false/.test(text);
    } catch (thrown) {
      if (thrown instanceof OipError && thrown.status !== undefined && thrown.kind !== 'unauthorized') return false;
      throw thrown;
    }
  }

  private async getJson(path: string, options: CallOptions): Promise<JsonRecord> {
    const { body } = await this.call(path, { method: 'GET' }, path, options);
    return splitMessage(body, String(body.length)).header;
  }

  private async call(path: string, init: RequestInit, what: string, { signal, timeoutMs }: CallOptions): Promise<Answer> {
    const { token, headers = {}, fetch: fetchWith = (url, options) => fetch(url, options), maxResponseBytes = 2 ** 28 } = this.options;
    const controller = new AbortController();
    let ended: 'timeout' | 'aborted' | undefined;
    const end = (why: 'timeout' | 'aborted'): void => {
      ended ??= why;
      controller.abort();
    };
    const onAbort = (): void => end('aborted');
    if (signal?.aborted === true) throw new OipError('aborted', `${what}: stopped by its caller`);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), Math.min(Math.max(0, timeoutMs), 2 ** 31 - 1));
    try {
      const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };
      // "manual": a redirect would turn a POST into a GET, or carry the body elsewhere.
      const response = await fetchWith(`${this.url}/${path}`, {
        ...init, headers: { ...headers, ...authorization, ...init.headers as Record<string, string> }, redirect: 'manual', signal: controller.signal,
      });
      if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
        await response.body?.cancel();
        throw new OipError('protocol', `${what}: the server redirects to ${response.headers.get('location') ?? 'somewhere else'}; use that URL`, { status: response.status });
      }
      const tooLarge = (): OipError => protocolError(`the answer has more than ${maxResponseBytes} bytes`);
      const body = await readCappedBody(response.body as ReadableStream<Uint8Array> | null, maxResponseBytes, tooLarge);
      if (!response.ok) throw errorOfAnswer(response.status, response.headers, body, what);
      return { headers: response.headers, body };
    } catch (thrown) {
      if (thrown instanceof OipError) throw thrown;
      if (ended === 'aborted') throw new OipError('aborted', `${what}: stopped by its caller`, { cause: thrown });
      if (ended === 'timeout') throw new OipError('timeout', `${what}: no whole answer within ${Math.round(timeoutMs ?? 0)} ms`, { cause: thrown });
      throw new OipError('unreachable', `${what}: ${this.url} cannot be reached: ${reasonOf(thrown)}`, { cause: thrown });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }
}

function modelPath(model: string, version: string | undefined): string {
  const path = `v2/models/${pathPart(model, 'model')}`;
  return version === undefined ? path : `${path}/versions/${pathPart(version, 'version')}`;
}

/** Hosts put the system's reason into the cause. */
function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause as { code?: unknown; message?: unknown } | undefined;
  return [thrown.message, cause?.code ?? cause?.message].filter((part) => typeof part === 'string' && part !== '').join(', ');
}
