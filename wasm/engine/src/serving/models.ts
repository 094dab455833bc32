// The models that a node serves for a package: every stage of its own, alone and as the start of an answer, in three encodings.
import { isRecord, type Datatype, type JsonRecord, type Tensor } from '@offramp/oip';
import { continuationModel, identityParameter, scaleInput, stageModel, zeroPointInput, type StagePlan } from '../offload/plan.js';
import { encodings, type Encoding } from '../raw_module.js';
import { HttpError } from './http_error.js';

export interface ServedModel {
  name: string;
  stage: number;
  /** It goes on to an answer; else the stage alone. */
  continues: boolean;
  encoding: Encoding;
  /** Of the boundary. */
  input: string;
  metadata: JsonRecord;
}

/** Rows of a boundary tensor as they came, checked but for their values. */
export interface Rows {
  count: number;
  encoding: Encoding;
  data: Uint8Array;
  /** Of u8, by row. */
  scales?: Float32Array;
  zeroPoints?: Int32Array;
}

const datatypes: Record<Encoding, Datatype> = { f32: 'FP32', f16: 'FP16', u8: 'UINT8' };
export const onlyVersion = '1';

/** Stages [from, to) of the plan, and answers if the node can finish. */
export function servedModels(plan: StagePlan, from: number, to: number, finishes: boolean): Map<string, ServedModel> {
  const models = new Map<string, ServedModel>();
  for (let stage = from; stage < to; stage += 1) {
    for (const continues of finishes ? [false, true] : [false]) {
      for (const encoding of encodings) {
        const model = describe(plan, stage, continues, encoding);
        models.set(model.name, model);
      }
    }
  }
  return models;
}

function describe(plan: StagePlan, stage: number, continues: boolean, encoding: Encoding): ServedModel {
  const own = plan.stages[stage];
  if (own === undefined) throw new RangeError(`stage ${stage}`);
  const input = stage === 0 ? plan.inputName : 'boundary';
  const row = (name: string, datatype: Datatype, shape: readonly number[]): JsonRecord => ({ name, datatype, shape: [-1, ...shape] });
  const answer = [row('probabilities', 'FP32', [plan.classes]), row('class', 'INT32', [1]), row('exit', 'INT32', [1]), row('score', 'FP32', [1]), row('degraded', 'BOOL', [1])];
  const outputs: JsonRecord[] = [];
  if (own.hasExit || own.boundaryShape === undefined) outputs.push(row('logits', 'FP32', [plan.classes]));
  if (own.boundaryShape !== undefined) outputs.push(row(boundaryOutputName(input), 'FP32', own.boundaryShape));
  const name = continues ? continuationModel(stage, encoding) : stageModel(stage, encoding);
  return {
    name, stage, continues, encoding, input,
    metadata: {
      name, versions: [onlyVersion], platform: 'offramp',
      inputs: [row(input, datatypes[encoding], own.inputShape), ...(encoding === 'u8' ? [row(scaleInput, 'FP32', [1]), row(zeroPointInput, 'INT32', [1])] : [])],
      outputs: continues ? answer : outputs,
      parameters: { [identityParameter]: plan.identity(stage, continues ? plan.stages.length : stage + 1, continues) },
    },
  };
}

/** The most that a row of a request for stages [from, to) has, in f32. */
export function largestRowBytes(plan: StagePlan, from: number, to: number): number {
  return 4 * Math.max(...plan.stages.slice(from, to).map(({ inputShape }) => inputShape.reduce((product, size) => product * size, 1)));
}

/** ONNX forbids one name for both. */
export function boundaryOutputName(input: string): string {
  return input === 'boundary' ? 'next_boundary' : 'boundary';
}

/** The tensors of a request as rows for `model`. Errors: 400 naming the tensor. */
export function readRows(model: ServedModel, tensors: readonly Tensor[], mostRows: number): Rows {
  const bad = (message: string): HttpError => new HttpError(400, `model ${model.name}: ${message}`);
  const expected = model.metadata['inputs'] as { name: string; datatype: Datatype; shape: number[] }[];
  const given = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  let count: number | undefined;
  const take = ({ name, datatype, shape }: { name: string; datatype: Datatype; shape: number[] }): Tensor => {
    const tensor = given.get(name);
    if (tensor === undefined) throw bad(`input "${name}" is missing`);
    given.delete(name);
    if (tensor.datatype !== datatype) throw bad(`input "${name}" is ${datatype}, not ${tensor.datatype}`);
    const fits = tensor.shape.length === shape.length && shape.every((size, axis) => size === -1 || size === tensor.shape[axis]);
    if (!fits) throw bad(`input "${name}" has shape [${shape.join(', ')}], not [${tensor.shape.join(', ')}]`);
    const rows = tensor.shape[0] ?? 0;
    if (rows < 1 || rows > mostRows) throw bad(`1 to ${mostRows} rows at once, not ${rows}`);
    if (count !== undefined && count !== rows) throw bad(`inputs of ${count} and ${rows} rows`);
    count = rows;
    return tensor;
  };
  const [boundary, scale, zeroPoint] = expected.map(take);
  const [surplus] = given.keys();
  if (surplus !== undefined) throw bad(`unknown input "${surplus.slice(0, 80)}"`);
  const values = boundary?.data as Uint8Array;
  return {
    count: count ?? 0, encoding: model.encoding, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    ...(scale === undefined ? {} : { scales: scale.data as Float32Array }), ...(zeroPoint === undefined ? {} : { zeroPoints: zeroPoint.data as Int32Array }),
  };
}

/** Which outputs a request wants, and whether each is wanted binary. Errors: 400 for an unknown one. */
export function wantedOutputs(model: ServedModel, header: JsonRecord): Map<string, boolean> {
  const parameters = isRecord(header['parameters']) ? header['parameters'] : {};
  const all = parameters['binary_data_output'] === true;
  const known = (model.metadata['outputs'] as { name: string }[]).map(({ name }) => name);
  const asked = header['outputs'];
  if (asked === undefined) return new Map(known.map((name) => [name, all]));
  if (!Array.isArray(asked)) throw new HttpError(400, '"outputs" is a list');
  return new Map(asked.map((entry: unknown): [string, boolean] => {
    const name = isRecord(entry) ? entry['name'] : undefined;
    if (!isRecord(entry) || typeof name !== 'string' || !known.includes(name)) {
      throw new HttpError(400, `model ${model.name} has the outputs ${known.join(', ')}, not ${JSON.stringify(name)?.slice(0, 80)}`);
    }
    const own = isRecord(entry['parameters']) ? entry['parameters'] : {};
    if (own['classification'] !== undefined) throw new HttpError(400, 'the classification extension is not supported');
    return [name, typeof own['binary_data'] === 'boolean' ? own['binary_data'] : all];
  }));
}
