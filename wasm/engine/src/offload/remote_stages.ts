// Stages on a server of the Open Inference Protocol: which of its models to call, the boundary encoded, the answer checked.
import { OipError, waitFor, type OipClient, type Datatype, type InferResponse, type ModelMetadata, type Tensor } from '@offramp/oip';
import type { Engine, Runtime } from '../engine.js';
import type { Encoding, Exited, StageResult } from '../raw_module.js';
import { elementCount, type RawTensor } from '../tensor.js';
import { continuationModel, identityParameter, scaleInput, stageModel, zeroPointInput, type StagePlan } from './plan.js';

/** How a server runs a stage. */
interface RemoteModel {
  name: string;
  /** It decides too, and goes on to an answer. */
  continues: boolean;
  encoding: Encoding;
  input: string;
  boundaryOutput: string | undefined;
}

export interface RemoteAnswer {
  result: StageResult;
  /** Set if the server itself had to do with less. */
  degraded?: string;
  encoding: Encoding;
  bytesSent: number;
  bytesReceived: number;
}

const encodingOf: Partial<Record<string, Encoding>> = { FP32: 'f32', FP16: 'f16', UINT8: 'u8' };
const probabilityTolerance = 1e-3;
/** Of a caller's time, what a server that goes on elsewhere may use, so that its own early answer is back in time. */
const shareOfTime = 0.85;

const refuse = (message: string): OipError => new OipError('protocol', message);

export class RemoteStages {
  private readonly models = new Map<number, Promise<RemoteModel>>();

  /** `encoding`: the one to use, instead of the package's. */
  constructor(
    private readonly engine: Engine, private readonly runtime: Runtime, private readonly plan: StagePlan, private readonly client: OipClient,
    private readonly encoding: Encoding | undefined = undefined,
  ) {}

  /** Runs `stage` on one boundary tensor. Errors: OipError; OfframpError if the boundary is not finite. */
  async run(stage: number, boundary: RawTensor, options: { signal?: AbortSignal; timeoutMs: number }): Promise<RemoteAnswer> {
    const started = performance.now();
    const model = await this.modelOf(stage, options);
    const inputs = this.encode(boundary, model);
    const left = Math.max(0, options.timeoutMs - (performance.now() - started));
    try {
      const parameters = model.continues ? { timeout: Math.max(1, Math.floor(left * shareOfTime * 1000)) } : undefined; // in microseconds
      const response = await this.client.infer({ model: model.name, inputs, parameters }, { ...options, timeoutMs: left });
      const { bytesSent, bytesReceived } = response;
      const read = model.continues ? this.readAnswer(stage, response) : { result: this.readStage(stage, model, response) };
      return { ...read, encoding: model.encoding, bytesSent, bytesReceived };
    } catch (thrown) {
      if (thrown instanceof OipError && thrown.kind === 'not_found') this.models.delete(stage);
      throw thrown;
    }
  }

  private modelOf(stage: number, options: { signal?: AbortSignal; timeoutMs: number }): Promise<RemoteModel> {
    let asked = this.models.get(stage);
    if (asked === undefined) {
      asked = this.chooseModel(stage, options.timeoutMs);
      this.models.set(stage, asked);
      asked.catch(() => this.models.delete(stage));
    }
    return waitFor(asked, options, `a model for stage ${stage}`);
  }

  private async chooseModel(stage: number, timeoutMs: number): Promise<RemoteModel> {
    const wanted = this.encoding ?? this.plan.encodingInto(stage);
    const encodings: Encoding[] = wanted === 'f32' || this.encoding !== undefined ? [wanted] : [wanted, 'f32'];
    const last = encodings.at(-1) ?? wanted;
    const ends = performance.now() + timeoutMs;
    let missing: OipError | undefined;
    for (const encoding of encodings) {
      for (const continues of [true, false]) {
        const name = continues ? continuationModel(stage, encoding) : stageModel(stage, encoding);
        try {
          const metadata = await this.client.modelMetadata(name, undefined, { timeoutMs: Math.max(0, ends - performance.now()) });
          return this.checkModel(stage, name, continues, metadata);
        } catch (thrown) {
          // Servers say 400 as well as 404 of a model that they do not have.
          if (!(thrown instanceof OipError) || (thrown.kind !== 'not_found' && thrown.kind !== 'bad_request')) throw thrown;
          missing = thrown;
        }
      }
    }
    throw new OipError('not_found', `${this.client.url} serves neither ${continuationModel(stage, last)} nor ${stageModel(stage, last)}`, { cause: missing });
  }

  private checkModel(stage: number, name: string, continues: boolean, metadata: ModelMetadata): RemoteModel {
    const { stages } = this.plan;
    const own = stages[stage];
    const said = metadata.parameters[identityParameter];
    const identity = this.plan.identity(stage, continues ? stages.length : stage + 1, continues);
    if (said !== undefined && said !== identity) throw refuse(`model ${name} is of another package: its weights or exits differ`);
    const input = metadata.inputs.find((entry) => entry.name !== scaleInput && entry.name !== zeroPointInput);
    const encoding = encodingOf[input?.datatype ?? ''];
    if (own === undefined || input === undefined || encoding === undefined) throw refuse(`model ${name} takes ${input?.datatype ?? 'nothing'}; FP32, FP16 or UINT8 is needed`);
    if (encoding === 'u8' && metadata.inputs.length !== 3) throw refuse(`model ${name} takes UINT8 without ${scaleInput} and ${zeroPointInput}`);
    const shape = input.shape.slice(1);
    if (shape.length !== own.inputShape.length || shape.some((size, axis) => size !== -1 && size !== own.inputShape[axis])) {
      throw refuse(`model ${name} takes [${input.shape.join(', ')}]; [-1, ${own.inputShape.join(', ')}] is needed`);
    }
    const boundaryOutput = metadata.outputs.find((entry) => entry.name !== 'logits')?.name;
    return { name, continues, encoding, input: input.name, boundaryOutput: continues ? undefined : boundaryOutput };
  }

  private encode(boundary: RawTensor, model: RemoteModel): Tensor[] {
    const { encoding, input: name } = model;
    const bytes = this.engine.encodeBoundary(boundary, encoding);
    const shape = boundary.dims;
    if (encoding === 'f16') return [{ name, datatype: 'FP16', shape, data: new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2) }];
    if (encoding === 'f32') return [{ name, datatype: 'FP32', shape, data: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) }];
    const head = new DataView(bytes.buffer, bytes.byteOffset, 8);
    return [
      { name, datatype: 'UINT8', shape, data: bytes.subarray(8) },
      { name: scaleInput, datatype: 'FP32', shape: [1, 1], data: Float32Array.of(head.getFloat32(0, true)) },
      { name: zeroPointInput, datatype: 'INT32', shape: [1, 1], data: Int32Array.of(head.getInt32(4, true)) },
    ];
  }

  /** One stage's outputs, judged here. */
  private readStage(stage: number, model: RemoteModel, response: InferResponse): StageResult {
    const own = this.plan.stages[stage];
    const next = own?.boundaryShape === undefined || model.boundaryOutput === undefined ? undefined
      : () => floatsOf(response, model.boundaryOutput as string, [1, ...own.boundaryShape as number[]]);
    if (own?.boundaryShape !== undefined && next === undefined) throw refuse(`model ${model.name} has no output for the next boundary`);
    if (own?.hasExit === true || next === undefined) {
      const logits = floatsOf(response, 'logits', [1, this.plan.classes]);
      const [verdict] = this.runtime.judge(stage, logits);
      if (verdict === undefined) throw refuse('no row in the answer');
      const { stands, ...answer } = verdict;
      if (stands || next === undefined) return { exited: answer };
      return { needsStage: { stage: stage + 1, boundary: next(), early: answer } };
    }
    return { needsStage: { stage: stage + 1, boundary: next() } };
  }

  /** A continuation's answer. */
  private readAnswer(stage: number, response: InferResponse): { result: StageResult; degraded?: string } {
    const { classes, stages } = this.plan;
    const probabilities = toFloats(floatsOf(response, 'probabilities', [1, classes]));
    const exit = scalarOf(response, 'exit', 'INT32');
    const predictedClass = scalarOf(response, 'class', 'INT32');
    const score = scalarOf(response, 'score', 'FP32');
    const isDegraded = scalarOf(response, 'degraded', 'BOOL') !== 0;
    const sum = probabilities.reduce((total, value) => total + value, 0);
    if (probabilities.some((value) => !(value >= 0 && value <= 1)) || Math.abs(sum - 1) > probabilityTolerance) throw refuse('the answer\'s probabilities are none');
    if (!(exit >= stage && exit < stages.length)) throw refuse(`the answer names exit ${exit}; ${stage} to ${stages.length - 1} are possible`);
    if (probabilities[predictedClass] !== Math.max(...probabilities)) throw refuse(`the answer's class ${predictedClass} is not the likeliest`);
    if (!Number.isFinite(score)) throw refuse('the answer\'s score is not finite');
    const exited: Exited = { predictedClass, probabilities, exit, score };
    const { degraded_reason: reason } = response.parameters;
    return { result: { exited }, ...(isDegraded ? { degraded: typeof reason === 'string' ? reason : 'the server does not say why' } : {}) };
  }
}

function outputOf(response: InferResponse, name: string, datatype: Datatype, shape: readonly number[]): Tensor {
  const output = response.outputs.find((candidate) => candidate.name === name);
  if (output === undefined) throw refuse(`the answer has no output "${name}"`);
  if (output.datatype !== datatype || output.shape.join() !== shape.join()) {
    throw refuse(`output "${name}" is ${output.datatype} [${output.shape.join(', ')}]; ${datatype} [${shape.join(', ')}] is needed`);
  }
  return output;
}

function scalarOf(response: InferResponse, name: string, datatype: Datatype): number {
  return Number((outputOf(response, name, datatype, [1, 1]).data as Float32Array)[0]);
}

function floatsOf(response: InferResponse, name: string, shape: number[]): RawTensor {
  const values = outputOf(response, name, 'FP32', shape).data as Float32Array;
  const odd = values.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw refuse(`output "${name}" is not finite at element ${odd} of ${elementCount(shape)}`);
  return { dtype: 'f32', dims: shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

function toFloats(tensor: RawTensor): Float32Array {
  return new Float32Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength / 4);
}
