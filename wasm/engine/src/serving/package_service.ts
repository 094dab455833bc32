// A package's stages behind the protocol's routes.
import { binaryExtension, decodeTensors, encodeMessage, headerLengthName, isRecord, splitMessage, type JsonRecord, type Tensor } from '@offramp/oip';
import { OfframpError } from '../errors.js';
import { continuationModel, stageModel, type StagePlan } from '../offload/plan.js';
import { HttpError, toHttpError } from './http_error.js';
import type { JobResult, StageSetup } from './jobs.js';
import { boundaryOutputName, largestRowBytes, onlyVersion, readRows, servedModels, wantedOutputs, type Rows, type ServedModel } from './models.js';
import type { InferCall, Reply, Service } from './service.js';

/** Who runs requests' rows, now or when their turn has come. */
export interface StageQueue {
  /** Errors: HttpError 503 if too many wait, 504 past the deadline. */
  run(model: ServedModel, rows: Rows, deadlineMs: number, signal: AbortSignal): Promise<JobResult>;
  isReady(): boolean;
  close(): Promise<void>;
}

export interface PackageServiceOptions {
  plan: StagePlan;
  setup: Pick<StageSetup, 'from' | 'to' | 'offload'>;
  /** Of a request, waiting included. */
  deadlineMs: number;
  /** Of a request. */
  mostRows: number;
  /** Told of the rows that were answered: their exits, and how many answers are degraded. */
  onAnswers?(exits: Int32Array, degraded: number): void;
}

const serverVersion = '0.1.0';
const jsonBytesPerNumber = 26; // the longest double, its sign and a comma
const jsonSlackBytes = 65536;

export class PackageService implements Service {
  private readonly models: Map<string, ServedModel>;
  private readonly largestJson: number;
  private readonly to: number;

  constructor(private readonly options: PackageServiceOptions, private readonly queue: StageQueue) {
    const { plan, setup: { from, to = plan.stages.length, offload }, mostRows } = options;
    this.to = to;
    this.models = servedModels(plan, from, to, to === plan.stages.length || offload !== undefined);
    this.largestJson = jsonSlackBytes + jsonBytesPerNumber * (largestRowBytes(plan, from, to) / 4) * mostRows;
  }

  ready(): Promise<boolean> {
    return Promise.resolve(this.queue.isReady());
  }
  serverMetadata(): Promise<JsonRecord> {
    return Promise.resolve({ name: 'offramp', version: serverVersion, extensions: [binaryExtension] });
  }
  modelNames(): Promise<string[]> {
    return Promise.resolve([...this.models.keys()]);
  }
  async modelMetadata(model: string, version: string | undefined): Promise<JsonRecord> {
    return this.find(model, version).metadata;
  }
  async modelReady(model: string, version: string | undefined): Promise<boolean> {
    this.find(model, version);
    return this.ready();
  }
  modelLabel(model: string): string {
    return this.models.has(model) ? model : 'unknown';
  }
  close(): Promise<void> {
    return this.queue.close();
  }

  async infer({ model: name, version, headerLength, body, signal }: InferCall): Promise<Reply> {
    const model = this.find(name, version);
    // The JSON alone: binary tensors are bounded by the body.
    const jsonBytes = headerLength === null ? body.length : Number(headerLength);
    if (jsonBytes > this.largestJson) throw new HttpError(413, `${jsonBytes} bytes of JSON; at most ${this.largestJson} are read`);
    const { header, tail } = splitMessage(body, headerLength ?? String(body.length));
    const outputs = wantedOutputs(model, header);
    const rows = readRows(model, decodeTensors(header, 'inputs', tail), this.options.mostRows);
    const result = await this.queue.run(model, rows, this.deadlineOf(header), signal);
    if (result.kind === 'error') throw toHttpError(OfframpError.fromRecord(result.error));
    const answer: JsonRecord = { model_name: model.name, model_version: onlyVersion };
    if (typeof header['id'] === 'string') answer['id'] = header['id'];
    if (result.kind === 'answer') this.count(result);
    if (result.kind === 'answer' && result.reason !== undefined) answer['parameters'] = { degraded_reason: result.reason };
    const tensors = this.tensorsOf(model, rows.count, result).filter((tensor) => outputs.has(tensor.name));
    const message = encodeMessage(answer, 'outputs', tensors, (tensor) => outputs.get(tensor.name) === true);
    const headers: Record<string, string> = message.headerLength === undefined
      ? { 'content-type': 'application/json' }
      : { 'content-type': 'application/octet-stream', [headerLengthName]: String(message.headerLength) };
    return { status: 200, headers, body: message.body };
  }

  private find(name: string, version: string | undefined): ServedModel {
    const model = this.models.get(name);
    if (model === undefined) throw new HttpError(404, `unknown model ${JSON.stringify(name.slice(0, 80))}; served are ${this.served()}`);
    if (version !== undefined && version !== onlyVersion) throw new HttpError(404, `model ${name} has version ${onlyVersion}, not ${JSON.stringify(version.slice(0, 80))}`);
    return model;
  }

  private served(): string {
    const { to, options: { setup: { from } } } = this;
    const named = (name: typeof stageModel): string => (to - from === 1 ? name(from, 'f32') : `${name(from, 'f32')} to ${name(to - 1, 'f32')}`);
    const continuations = this.models.has(continuationModel(from, 'f32')) ? ` and ${named(continuationModel)}` : '';
    return `${named(stageModel)}${continuations}, each also with _f16 and _u8`;
  }

  /** The request may ask for less time, in microseconds as Triton takes it. */
  private deadlineOf(header: JsonRecord): number {
    const { timeout } = isRecord(header['parameters']) ? header['parameters'] : {} as JsonRecord;
    return typeof timeout === 'number' && timeout > 0 ? Math.min(this.options.deadlineMs, timeout / 1000) : this.options.deadlineMs;
  }

  private tensorsOf(model: ServedModel, rows: number, result: Exclude<JobResult, { kind: 'error' }>): Tensor[] {
    const { classes, stages } = this.options.plan;
    if (result.kind === 'answer') {
      const shape = [rows, 1];
      return [
        { name: 'probabilities', datatype: 'FP32', shape: [rows, classes], data: result.probabilities }, { name: 'class', datatype: 'INT32', shape, data: result.classes },
        { name: 'exit', datatype: 'INT32', shape, data: result.exits }, { name: 'score', datatype: 'FP32', shape, data: result.scores },
        { name: 'degraded', datatype: 'BOOL', shape, data: result.degraded },
      ];
    }
    const floats = (bytes: Uint8Array): Float32Array => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    const { logits, boundary } = result;
    return [
      ...(logits === undefined ? [] : [{ name: 'logits', datatype: 'FP32', shape: [rows, classes], data: floats(logits) } as const]),
      ...(boundary === undefined ? [] : [{
        name: boundaryOutputName(model.input), datatype: 'FP32', shape: [rows, ...(stages[model.stage]?.boundaryShape ?? [])], data: floats(boundary),
      } as const]),
    ];
  }

  private count(result: Extract<JobResult, { kind: 'answer' }>): void {
    this.options.onAnswers?.(result.exits, result.degraded.reduce((sum, one) => sum + one, 0));
  }
}
