// A gateway: another server of the protocol behind our routes, with our limits, token and CORS in front of it.
import { HttpError, type InferCall, type Reply, type Service } from '@offramp/engine/serving';
import { readRepositoryIndex, splitMessage, type JsonRecord } from '@offramp/oip';

export interface GatewayOptions {
  url: string;
  /** For the other server. */
  token?: string | undefined;
  deadlineMs: number;
  /** Requests under way at once. */
  mostRequests: number;
  /** Bytes of an answer. */
  mostBytes: number;
}

const passedOn = ['content-type', 'inference-header-content-length', 'retry-after'];

export class GatewayService implements Service {
  private underWay = 0;
  private readonly base: string;

  constructor(private readonly options: GatewayOptions) {
    this.base = options.url.replace(/\/+$/, '');
  }

  async ready(): Promise<boolean> {
    try {
      return (await this.get('v2/health/ready')).status === 200;
    } catch {
      return false;
    }
  }
  serverMetadata(): Promise<JsonRecord> {
    return this.getJson('v2');
  }
  async modelNames(): Promise<string[]> {
    const path = 'v2/repository/index';
    return readRepositoryIndex(this.accepted(path, await this.call(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }, undefined)));
  }
  modelMetadata(model: string, version: string | undefined): Promise<JsonRecord> {
    return this.getJson(pathOf(model, version));
  }
  async modelReady(model: string, version: string | undefined): Promise<boolean> {
    return (await this.get(`${pathOf(model, version)}/ready`)).status === 200;
  }
  modelLabel(): string {
    return 'upstream';
  }
  close(): Promise<void> {
    return Promise.resolve();
  }

  async infer({ model, version, headerLength, contentType, body, signal }: InferCall): Promise<Reply> {
    const headers: Record<string, string> = { 'content-type': contentType };
    if (headerLength !== null) headers['inference-header-content-length'] = headerLength;
    return this.call(`${pathOf(model, version)}/infer`, { method: 'POST', headers, body: body as Uint8Array<ArrayBuffer> }, signal);
  }

  private get(path: string): Promise<Reply> {
    return this.call(path, { method: 'GET', headers: {} }, undefined);
  }

  private async getJson(path: string): Promise<JsonRecord> {
    const body = this.accepted(path, await this.get(path));
    return splitMessage(body, String(body.length)).header;
  }

  private accepted(path: string, { status, body }: Reply): Uint8Array {
    if (status !== 200) throw new HttpError(status === 404 || status === 400 ? status : 502, `the server behind says status ${status} for ${path}`);
    return body;
  }

  private async call(path: string, init: RequestInit & { headers: Record<string, string> }, signal: AbortSignal | undefined): Promise<Reply> {
    const { token, deadlineMs, mostRequests, mostBytes } = this.options;
    if (this.underWay >= mostRequests) throw new HttpError(503, `${this.underWay} requests are under way; come again later`, 1);
    this.underWay += 1;
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      abort();
    }, deadlineMs);
    signal?.addEventListener('abort', abort, { once: true });
    const headers = token === undefined ? init.headers : { ...init.headers, authorization: `Bearer ${token}` };
    try {
      const response = await fetch(`${this.base}/${path}`, {
        ...init, headers, redirect: 'manual', signal: controller.signal,
      });
      if (response.status >= 300 && response.status < 400) throw new HttpError(502, 'the server behind redirects');
      const body = await readBounded(response, mostBytes);
      const kept = passedOn.flatMap((name) => {
        const value = response.headers.get(name);
        return value === null ? [] : [[name, value] as const];
      });
      return { status: response.status, headers: Object.fromEntries(kept), body };
    } catch (thrown) {
      if (thrown instanceof HttpError) throw thrown;
      if (signal?.aborted === true) throw new HttpError(499, 'the client went away');
      if (late) throw new HttpError(504, `the server behind gave no answer within ${deadlineMs} ms`);
      throw new HttpError(502, 'the server behind cannot be reached');
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.underWay -= 1;
    }
  }
}

async function readBounded(response: Response, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > most) throw new HttpError(502, `the server behind answers with more than ${most} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function pathOf(model: string, version: string | undefined): string {
  for (const name of [model, version ?? '1']) {
    // Would leave the models' part of the other server's paths.
    if (name === '' || name === '.' || name === '..' || /[/\\\u0000-\u001f\u007f]/.test(name)) throw new HttpError(404, `no model or version is called ${JSON.stringify(name.slice(0, 80))}`);
  }
  return `v2/models/${encodeURIComponent(model)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;
}
