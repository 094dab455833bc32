// How fast the way to a server is, measured with requests that any server of the Open Inference Protocol takes: its metadata for the
// time there and back, and inference with a padded body for the bytes per second. Padding stands in a parameter, which servers read
// and do not use, so that a body's length changes nothing but its way.
import {
  binaryExtension, isDatatype, OipClient, OipError, zeros, type ClientOptions, type Datatype, type InferRequest, type InferResponse, type OipErrorKind, type ServerMetadata, type Tensor,
} from '@offramp/oip';
import { OfframpError, throwIfAborted } from '../errors.js';
import { percentile } from '../timing.js';

export interface LinkFigures {
  url: string;
  /** There and back, of a request and an answer without a tensor; the median. */
  rttNs: number;
  /** To the server. */
  bytesPerS: number;
  /** From the server; undefined where it has no model that could be asked for a long answer. */
  backBytesPerS: number | undefined;
  /** Models that the server lists; none of one that lists nothing. */
  models: string[];
}

export interface LinkOptions {
  client?: ClientOptions | undefined;
  signal?: AbortSignal | undefined;
  /** Of the whole measurement. Default 20 s. */
  limitMs?: number | undefined;
  /** Milliseconds. */
  now?: (() => number) | undefined;
}

const roundTrips = 15;
const leastRoundTrips = 3;
const leastPatienceMs = 5000; // with a round trip, also when the bytes have used up the time
const repeats = 3; // of each body length
const shortestBody = 2 ** 14;
const longestBody = 2 ** 23;
const growth = 2;
// A body is long enough where its way takes so long, and so many times the way of an empty one, that jitter matters little.
const enoughMs = 150;
const enoughTimes = 3;
const mostElements = 2 ** 20; // of a made-up row
const mostModels = 8; // that are looked at
const unknownModel = 'offramp_link_probe';
const refusals = [400, 404, 422]; // what servers say of a model that they do not have
const noAnswer: readonly OipErrorKind[] = ['unreachable', 'timeout', 'aborted', 'unauthorized', 'overloaded'];

/**
 * Sends up to some tens of megabytes, fewer over slow links.
 * Errors: remote, naming the server and what to do, if it cannot be reached, refuses the token, answers no protocol, or is too slow
 * to be measured; cancelled; invalid_argument for what is no URL.
 */
export async function measureLink(url: string, options: LinkOptions = {}): Promise<LinkFigures> {
  let client: OipClient;
  try {
    client = new OipClient(url, options.client);
  } catch (thrown) {
    throw new OfframpError('invalid_argument', thrown instanceof Error ? thrown.message : String(thrown), [`link to ${url}`]);
  }
  try {
    return { url, ...await new LinkMeter(client, options).measure() };
  } catch (thrown) {
    if (!(thrown instanceof OipError)) throw thrown;
    throwIfAborted(options.signal);
    throw new OfframpError('remote', `${thrown.message}; ${remedyFor(thrown)}`, [`link to ${url}`]);
  }
}

function remedyFor({ kind }: OipError): string {
  if (kind === 'unauthorized') return 'hand in the token that it wants (the command takes it from OFFRAMP_TOKEN)';
  if (kind === 'timeout' || kind === 'too_large') return 'state bytes_per_s and rtt_ns of the link';
  return 'start a server of the protocol there, such as offramp serve, or state bytes_per_s and rtt_ns of the link';
}

/** A request with so much padding there, and so much that the answer brings back. */
type Probe = (padding: number, echo: number) => Promise<InferResponse | undefined>;

class LinkMeter {
  private readonly now: () => number;
  private readonly start: number;
  private readonly limitMs: number;
  private readonly noises = new Map<number, Noise>();

  constructor(private readonly client: OipClient, private readonly options: LinkOptions) {
    this.now = options.now ?? (() => performance.now());
    this.start = this.now();
    this.limitMs = options.limitMs ?? 20_000;
  }

  async measure(): Promise<Omit<LinkFigures, 'url'>> {
    const { client } = this;
    if (!await client.serverLive(this.call)) throw new OipError('overloaded', `${client.url} says that it is not live`);
    const ping = (): Promise<ServerMetadata | undefined> => this.optional(() => client.serverMetadata({ ...this.call, timeoutMs: Math.max(leastPatienceMs, this.left) }));
    const server = await ping();
    const models = await this.optional(() => client.modelNames(this.call)) ?? [];
    const roughMs = await this.median(ping, leastRoundTrips, leastRoundTrips, 1);
    const row = await this.rowProbe(models);
    const probe = row === undefined || server?.name === 'offramp' ? this.refusedProbe(server) : row;
    const empty = await this.median(() => probe(0, 0), 2 * repeats, 1, 0.3);
    const { bytes, ms } = await this.longBody(probe, empty, roughMs);
    const backBytesPerS = row && await this.longAnswer(row, bytes);
    // Last, when both ends and what lies between are warm.
    const rttMs = await this.median(ping, roundTrips, leastRoundTrips, 1);
    return { rttNs: rttMs * 1e6, bytesPerS: perSecond(bytes, ms - empty), backBytesPerS, models };
  }

  private get left(): number {
    return this.limitMs - (this.now() - this.start);
  }
  private get call(): { signal: AbortSignal | undefined; timeoutMs: number } {
    return { signal: this.options.signal, timeoutMs: Math.max(1, this.left) };
  }

  /** A made-up row for the model that takes the shortest one, of the first few. */
  private async rowProbe(models: readonly string[]): Promise<Probe | undefined> {
    const rows = await Promise.all(models.slice(0, mostModels).map(async (model) => ({ model, inputs: await this.optional(() => this.madeUpRow(model)) })));
    const fitting = rows.flatMap(({ model, inputs }) => (inputs === undefined ? [] : [{ model, inputs, bytes: bytesOf(inputs) }]));
    for (const { model, inputs } of fitting.sort((a, b) => a.bytes - b.bytes)) {
      const probe: Probe = (padding, echo) => this.client.infer({ model, inputs, ...this.padded(padding, echo) }, this.call);
      if (await this.optional(() => probe(0, 0)) !== undefined) return probe;
    }
    return undefined;
  }

  private async madeUpRow(model: string): Promise<Tensor[] | undefined> {
    const { inputs } = await this.client.modelMetadata(model, undefined, this.call);
    const row = inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: shape.map((size) => (size < 0 ? 1 : size)) }));
    if (row.some(({ datatype, shape }) => !isDatatype(datatype) || shape.reduce((product, size) => product * size, 1) > mostElements)) return undefined;
    return row.map(({ name, datatype, shape }) => zeros(name, datatype as Datatype, shape));
  }

  /** A model that is not there: our own server reads such a request and computes nothing; others may refuse before they have read it all. */
  private refusedProbe(server: ServerMetadata | undefined): Probe {
    const binary = server?.extensions.includes(binaryExtension) === true;
    return (padding) => {
      const inputs: Tensor[] = binary ? [{ name: 'padding', datatype: 'UINT8', shape: [padding], data: this.noise(padding).bytes }] : [];
      return this.refused(() => this.client.infer({ model: unknownModel, inputs, ...this.padded(binary ? 0 : padding, 0) }, this.call));
    };
  }

  /** The longest body that was sent, and its time. */
  private async longBody(probe: Probe, empty: number, rttMs: number): Promise<{ bytes: number; ms: number }> {
    let best: { bytes: number; ms: number } | undefined;
    for (let bytes = shortestBody; bytes <= longestBody; bytes *= growth) {
      this.noise(bytes);
      let ms: number;
      try {
        ms = await this.median(() => probe(bytes, 0), repeats, 1, 0.85);
      } catch (thrown) {
        const tooMuch = thrown instanceof OipError && (thrown.kind === 'too_large' || thrown.kind === 'timeout');
        if (!tooMuch) throw thrown;
        if (best === undefined) throw new OipError(thrown.kind, `${bytes} bytes do not pass: ${thrown.message}`);
        break;
      }
      best = { bytes, ms };
      if (ms - empty >= Math.max(enoughMs, enoughTimes * rttMs) || this.left < growth * ms) break;
    }
    return best as { bytes: number; ms: number };
  }

  /** Bytes per second of answers: what an echo of the same length takes beyond its way there. */
  private async longAnswer(row: Probe, bytes: number): Promise<number | undefined> {
    let received = 0;
    try {
      const there = await this.median(() => row(bytes, 0), repeats, 1, 0.7);
      const both = await this.median(async () => {
        received = (await row(0, bytes))?.bytesReceived ?? 0;
      }, repeats, 1, 0.8);
      return received < bytes || both <= there ? undefined : perSecond(bytes, both - there);
    } catch (thrown) {
      if (!(thrown instanceof OipError) || thrown.kind === 'aborted') throw thrown;
      return undefined; // slower back than there is time left, or a server that takes no long id
    }
  }

  /** Milliseconds of up to `most` runs, fewer once that share of the time is gone. */
  private async median(work: () => Promise<unknown>, most: number, least: number, share: number): Promise<number> {
    const times: number[] = [];
    while (times.length < least || (times.length < most && this.now() - this.start < share * this.limitMs)) {
      const start = this.now();
      await work();
      times.push(this.now() - start);
    }
    return percentile(times, 0.5);
  }

  /** An identifier comes back with the answer, a parameter does not. */
  private padded(padding: number, echo: number): Pick<InferRequest, 'id' | 'parameters'> {
    return {
      ...(echo > 0 ? { id: this.noise(echo).text } : {}),
      ...(padding > 0 ? { parameters: { offramp_padding: this.noise(padding).text } } : {}),
    };
  }

  /** Made once, so that making it is not timed. */
  private noise(length: number): Noise {
    let noise = this.noises.get(length);
    if (noise === undefined) this.noises.set(length, noise = makeNoise(length));
    return noise;
  }

  /** Undefined where the server has no such thing, or something odd. */
  private async optional<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof OipError) || noAnswer.includes(thrown.kind)) throw thrown;
      return undefined;
    }
  }

  private async refused(work: () => Promise<InferResponse>): Promise<undefined> {
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof OipError) || !refusals.includes(thrown.status ?? 0)) throw thrown;
    }
    return undefined;
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

interface Noise {
  bytes: Uint8Array;
  text: string;
}

/** Letters that a link which compresses gains little from. */
function makeNoise(length: number): Noise {
  let state = length >>> 0;
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[at] = alphabet.charCodeAt(state >>> 26);
  }
  return { bytes, text: new TextDecoder().decode(bytes) };
}

const leastMs = 1e-3; // of a difference of times: what is less is no difference

function bytesOf(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, { data }) => sum + ('byteLength' in data ? data.byteLength : 0), 0);
}

function perSecond(bytes: number, ms: number): number {
  return (bytes * 1000) / Math.max(ms, leastMs);
}
