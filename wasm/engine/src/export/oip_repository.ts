// A model repository in the layout of Triton and OpenVINO Model Server: every stage under the name that a staged session looks for.
import { within } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { identityParameter, mostRequestRows, scaleInput, stageModel, zeroPointInput } from '../offload/plan.js';
import type { Encoding, PackageFile } from '../raw_module.js';
import { GraphWriter, Names } from './graph_writer.js';
import { elementTypes, integerAttribute, readOnnx, valueOf, writeOnnx, type ElementType } from './onnx_proto.js';
import { stageBytes, type PackageDescription, type StageFile } from './stage_models.js';

/** Of an export that is a folder: what its files are. */
export const descriptionFile = 'export.json';

/** A tensor of a model; dimensions without the batch. */
export interface ServedTensor {
  name: string;
  type: ElementType;
  dims: number[];
}
export interface ServedModel {
  name: string;
  inputs: ServedTensor[];
  outputs: ServedTensor[];
}
export interface ServedStage extends ServedModel {
  stage: number;
  encoding: Encoding;
}

const tritonTypes: Record<ElementType, string> = { f32: 'TYPE_FP32', f16: 'TYPE_FP16', u8: 'TYPE_UINT8', i32: 'TYPE_INT32', i64: 'TYPE_INT64' };

/** A stage as a server has it. Errors: as readOnnx, within the file. */
export function servedStage(files: readonly PackageFile[], stage: StageFile, { plan, classes }: PackageDescription, encoding: Encoding = 'f32'): ServedStage {
  const { graph } = within(stage.file, () => readOnnx(stageBytes(files, stage)));
  const { inputShape = [], boundaryShape = [] } = plan.stages[stage.stage] ?? {};
  const row = (name: string, type: ElementType, dims: readonly number[]): ServedTensor => ({ name, type, dims: [...dims] });
  return {
    name: stageModel(stage.stage, encoding), stage: stage.stage, encoding,
    inputs: [row(graph.inputs[0]?.name ?? '', encoding, inputShape), ...(encoding === 'u8' ? [row(scaleInput, 'f32', [1]), row(zeroPointInput, 'i32', [1])] : [])],
    outputs: graph.outputs.map(({ name }) => row(name, 'f32', name === 'logits' ? [classes] : boundaryShape)),
  };
}

/** Errors: as servedStage. */
export function oipRepository(files: readonly PackageFile[], stages: readonly StageFile[], description: PackageDescription): { files: PackageFile[]; models: ServedStage[] } {
  const models: ServedStage[] = [];
  const written: PackageFile[] = [];
  for (const stage of stages) {
    const bytes = stageBytes(files, stage);
    const link = description.plan.encodingInto(stage.stage);
    for (const encoding of new Set<Encoding>(['f32', link])) {
      const model = servedStage(files, stage, description, encoding);
      models.push(model);
      const identity = { [identityParameter]: description.plan.identity(stage.stage, stage.stage + 1, false) };
      written.push(...modelFiles(model, encoding === 'f32' ? bytes : decodingStage(bytes, model), identity));
    }
  }
  return { models, files: [...written, openvinoFile(models)] };
}

/** `parameters` come back with a server's metadata. */
export function modelFiles(model: ServedModel, onnx: Uint8Array, parameters: Record<string, string> = {}): PackageFile[] {
  return [{ name: `${model.name}/config.pbtxt`, bytes: encoded(tritonConfig(model, parameters)) }, { name: onnxFileOf(model), bytes: onnx }];
}
export const onnxFileOf = ({ name }: ServedModel): string => `${name}/1/model.onnx`;

export function openvinoFile(models: readonly ServedModel[]): PackageFile {
  return jsonFile('config.json', openvinoConfig(models));
}

export function jsonFile(name: string, content: object): PackageFile {
  return { name, bytes: encoded(`${JSON.stringify(content, undefined, 2)}\n`) };
}

/** The stage behind the decoding of its boundary tensor: (q - zero_point) * scale by row, or half floats. */
function decodingStage(bytes: Uint8Array, { inputs: tensors, encoding }: ServedStage): Uint8Array {
  const { graph, ...model } = readOnnx(bytes);
  const names = new Names();
  const inputs = tensors.map(({ name, type, dims }) => valueOf(names.value(name), type, ['N', ...dims]));
  const known = new Map(graph.outputs.map(({ name }) => [name, names.value(name)]));
  const into = new GraphWriter(names, 'boundary_decoding/');
  const toFloat = { attributes: [integerAttribute('to', elementTypes.f32)] };
  const [boundary = '', scale = '', zeroPoint = ''] = inputs.map(({ name }) => name);
  let decoded = into.add('Cast', [boundary], 'float', toFloat);
  if (encoding === 'u8') {
    const byRow = into.integers('by_row', [-1, ...(tensors[0]?.dims ?? []).map(() => 1)]);
    const zero = into.add('Reshape', [into.add('Cast', [zeroPoint], 'zero_point_float', toFloat), byRow], 'zero_points');
    const difference = into.add('Sub', [decoded, zero], 'difference');
    decoded = into.add('Mul', [difference, into.add('Reshape', [scale, byRow], 'scales')], 'decoded');
  }
  into.prefix = '';
  known.set(graph.inputs[0]?.name ?? '', decoded);
  into.append(graph, known);
  return writeOnnx({ ...model, graph: into.graph(graph.name, inputs, graph.outputs) });
}

/** Source: Triton's model_config.proto, in protobuf's text format. */
function tritonConfig({ name, inputs, outputs }: ServedModel, parameters: Record<string, string>): string {
  const tensors = (kind: string, list: readonly ServedTensor[]): string => list.map((tensor) => `${kind} {
  name: ${quoted(tensor.name)}
  data_type: ${tritonTypes[tensor.type]}
  dims: [ ${tensor.dims.join(', ')} ]
}
`).join('');
  return `name: ${quoted(name)}
platform: "onnxruntime_onnx"
max_batch_size: ${mostRequestRows}
${tensors('input', inputs)}${tensors('output', outputs)}dynamic_batching { }
${Object.entries(parameters).map(([key, value]) => `parameters {
  key: ${quoted(key)}
  value: { string_value: ${quoted(value)} }
}
`).join('')}`;
}

/** Paths are relative to the file. Unless told, OpenVINO computes in bf16 where it can, and thresholds would meet other scores. */
function openvinoConfig(models: readonly ServedModel[]): JsonObject {
  return { model_config_list: models.map(({ name }): Json => ({ config: { name, base_path: name, plugin_config: { INFERENCE_PRECISION_HINT: 'f32' } } })) };
}

/** Names are whatever a model has: what is not plain ASCII is written as octal bytes. */
function quoted(text: string): string {
  const escaped = [...encoded(text)].map((byte) => {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    return plain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `"${escaped.join('')}"`;
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
