// Extraction on another machine: any server of the Open Inference Protocol that runs what `export --as features` writes.
import { OipClient, OipError, type ClientOptions, type InferResponse, type ModelMetadata } from '@offramp/oip';
import { OfframpError, throwIfAborted } from '../errors.js';
import type { Features } from '../raw_module.js';
import { elementCount, toTypedArray, type RawTensor } from '../tensor.js';
import { pause } from './caller.js';
import { mostRequestRows } from './plan.js';

export interface FeatureServerOptions {
  url: string;
  /** Its name on the server. */
  model: string;
  client?: ClientOptions | undefined;
  /** Requests under way at a time. Default 8. */
  requests?: number | undefined;
  /** Of a request, each time it is tried. Default 2 minutes. */
  timeoutMs?: number | undefined;
}

export const featuresOutput = 'features';
export const logitsOutput = 'logits';
const mostBytes = 2 ** 22; // of a request and of an answer
const attempts = 6;
const firstWaitMs = 250; // before the second attempt; twice as long before each further one
const longestWaitMs = 10_000;

const refuse = (message: string): OipError => new OipError('protocol', message);

export class FeatureServer {
  private constructor(
    private readonly client: OipClient, private readonly options: FeatureServerOptions, private readonly input: string, private readonly rowBytes: number,
  ) {}

  /** Errors: remote, naming the server and the remedy; invalid_argument for what is no URL; cancelled. */
  static async open(options: FeatureServerOptions, signal?: AbortSignal): Promise<FeatureServer> {
    const { url, model } = options;
    return framed(options, signal, async () => {
      const client = new OipClient(url, options.client);
      const { inputs, outputs } = await client.modelMetadata(model, undefined, { signal, timeoutMs: options.timeoutMs ?? 120_000 });
      const [input] = inputs;
      const features = outputs.find(({ name }) => name === featuresOutput);
      if (inputs.length !== 1 || input?.datatype !== 'FP32' || features?.datatype !== 'FP32' || !hasOutput(outputs, logitsOutput)) {
        throw refuse(`model ${model} does not give ${featuresOutput} and ${logitsOutput} in FP32 for one input in FP32`);
      }
      return new FeatureServer(client, options, input.name, 4 * Math.max(rowElements(input.shape), rowElements(features.shape)));
    });
  }

  get url(): string {
    return this.client.url;
  }
  get model(): string {
    return this.options.model;
  }

  /**
   * Rows [begin, `count`) in order, as many requests ahead as the options allow. `inputs` gives a model's input for rows [from, to).
   * Errors: as open, after several attempts; whatever `inputs` throws.
   */
  async *extract(begin: number, count: number, inputs: (from: number, to: number) => RawTensor, signal?: AbortSignal): AsyncGenerator<Features & { rows: number }> {
    const rowsPerRequest = Math.min(mostRequestRows, Math.max(1, Math.floor(mostBytes / this.rowBytes)));
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const under: { rows: number; answer: Promise<Features> }[] = [];
    try {
      for (let next = begin; next < count || under.length > 0;) {
        while (next < count && under.length < (this.options.requests ?? 8)) {
          const rows = Math.min(rowsPerRequest, count - next);
          const answer = this.ask(inputs(next, next + rows), stop.signal);
          answer.catch(() => undefined); // told when its turn comes
          under.push({ rows, answer });
          next += rows;
        }
        const first = under.shift();
        if (first !== undefined) yield { rows: first.rows, ...await framed(this.options, signal, () => first.answer) };
      }
    } finally {
      stop.abort(); // of what nobody waits for any more
      signal?.removeEventListener('abort', onAbort);
    }
  }

  private async ask(input: RawTensor, signal: AbortSignal): Promise<Features> {
    const { client, input: name, options: { model, timeoutMs = 120_000 } } = this;
    const data = toTypedArray(input) as Float32Array;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await client.infer(
          { model, inputs: [{ name, datatype: 'FP32', shape: input.dims, data }], outputs: [featuresOutput, logitsOutput] }, { signal, timeoutMs });
        const rows = input.dims[0] ?? 0;
        return { features: rowsOf(response, featuresOutput, rows), logits: rowsOf(response, logitsOutput, rows) };
      } catch (thrown) {
        const again = thrown instanceof OipError && (thrown.retryable || thrown.kind === 'timeout') && attempt < attempts && !signal.aborted;
        if (!again) throw thrown;
        await pause(Math.min(longestWaitMs, thrown.retryAfterMs ?? firstWaitMs * 2 ** (attempt - 1)), signal);
      }
    }
  }
}

const hasOutput = (outputs: ModelMetadata['outputs'], wanted: string): boolean => outputs.some(({ name, datatype }) => name === wanted && datatype === 'FP32');
const rowElements = (shape: readonly number[]): number => elementCount(shape.slice(1).map((size) => Math.max(1, size)));

/** What the core checks further. */
function rowsOf(response: InferResponse, name: string, rows: number): RawTensor {
  const output = response.outputs.find((candidate) => candidate.name === name);
  if (output === undefined || output.datatype !== 'FP32' || output.shape.length !== 2 || output.shape[0] !== rows) {
    throw refuse(`the answer's output "${name}" is ${output === undefined ? 'missing' : `${output.datatype} [${output.shape.join(', ')}]`}; FP32 [${rows}, ...] is needed`);
  }
  const values = output.data as Float32Array;
  return { dtype: 'f32', dims: [...output.shape], data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

async function framed<T>({ url, model }: FeatureServerOptions, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throwIfAborted(signal);
    if (!(thrown instanceof OipError)) throw thrown;
    const code = thrown.kind === 'invalid_argument' ? 'invalid_argument' : 'remote';
    throw new OfframpError(code, `${thrown.message}${remedyFor(thrown, model)}`, [`extraction on ${url}`]);
  }
}

function remedyFor({ kind }: OipError, model: string): string {
  switch (kind) {
    case 'invalid_argument': return '';
    case 'unauthorized': return '; hand in the token that it wants (the command takes it from OFFRAMP_TOKEN)';
    case 'not_found': case 'bad_request': return `; does it serve ${model}, as offramp export --as features writes it?`;
    case 'protocol': return '; is it the model that offramp export --as features writes?';
    case 'too_large': return '; let it take bodies of 8 MiB';
    default: return '; see to the server, then the same command goes on with what was extracted';
  }
}
