// A package's stages as ONNX graphs of one opset, with what the manifest says of each. The core has checked the package.
import { OfframpError, within } from '../errors.js';
import type { Json, JsonObject } from '../json.js';
import { readPlan, type StagePlan } from '../offload/plan.js';
import type { PackageFile } from '../raw_module.js';
import { integerAttribute, integersOf, readOnnx, tensorOf, type OnnxGraph, type OnnxModel, type OnnxNode } from './onnx_proto.js';

export interface ExitRule {
  score: 'max_probability' | 'margin' | 'entropy' | 'gate';
  temperature: number;
  threshold: number;
  gate?: number[];
}
export interface StageFile {
  stage: number;
  file: string;
  exit: ExitRule | undefined;
}
export interface StageModel extends StageFile {
  graph: OnnxGraph;
  input: string;
  /** Of the output that `logits` is; none of a stage without an exit, the last excepted. */
  logits: string | undefined;
  boundary: string | undefined;
}
export interface PackageDescription {
  plan: StagePlan;
  /** Of the model's input. */
  input: string;
  classes: number;
  labels: Json;
  preprocess: Json;
  stages: StageFile[];
}

/** What all stages of one file agree on. */
export interface StageSet {
  irVersion: number;
  opsets: Map<string, number>;
  stages: StageModel[];
}

interface Manifest {
  model: { input: { name: string }; classes: number; labels: Json };
  preprocess: Json;
  stages: { file: string; exit: ExitRule | null }[];
}

/** From this version on, reductions take axes as an input and Split states how many parts it makes. */
const newerOpset = 18;

export function describePackage(json: JsonObject): PackageDescription {
  const { model, preprocess, stages } = json as unknown as Manifest;
  return {
    plan: readPlan(json), input: model.input.name, classes: model.classes, labels: model.labels, preprocess,
    stages: stages.map(({ file, exit }, stage) => ({ stage, file, exit: exit ?? undefined })),
  };
}

/** Errors: invalid_package if the file is missing. */
export function stageBytes(files: readonly PackageFile[], { file }: StageFile): Uint8Array {
  const found = files.find(({ name }) => name === file);
  if (found === undefined) throw new OfframpError('invalid_package', `${file} is missing; an export of its stage needs it`);
  return found.bytes;
}

/** Errors: as stageBytes and readOnnx, within the file; unsupported if stages import versions of a domain that do not go together. */
export function readStages(files: readonly PackageFile[], stages: readonly StageFile[]): StageSet {
  const models = stages.map((stage) => within(stage.file, () => ({ stage, model: readOnnx(stageBytes(files, stage)) })));
  const opsets = new Map<string, number>();
  for (const { stage, model } of models) {
    for (const [domain, version] of model.opsets) {
      const other = opsets.get(domain);
      if (domain !== '' && other !== undefined && other !== version) {
        throw new OfframpError('unsupported', `version ${version} of the operators ${domain}; another stage has version ${other}`, [stage.file]);
      }
      opsets.set(domain, Math.max(other ?? 0, version));
    }
  }
  const opset = opsets.get('') ?? 0;
  return {
    opsets, irVersion: Math.max(...models.map(({ model }) => model.irVersion)),
    stages: models.map(({ stage, model }) => within(stage.file, () => stageModel(stage, raised(model, opset)))),
  };
}

function stageModel(stage: StageFile, graph: OnnxGraph): StageModel {
  const [input, ...more] = graph.inputs.map(({ name }) => name);
  if (input === undefined || more.length > 0) throw new OfframpError('invalid_package', `a stage has one input, not ${graph.inputs.length}`);
  const outputs = graph.outputs.map(({ name }) => name);
  return { ...stage, graph, input, logits: outputs.find((name) => name === 'logits'), boundary: outputs.find((name) => name !== 'logits') };
}

/** The graph in the forms of `opset`. The core writes opset 17's forms, or where that does not do 21's (core/onnx/newer_forms.cpp). */
export function raised({ graph, opsets }: OnnxModel, opset: number): OnnxGraph {
  if (opset < newerOpset || (opsets.get('') ?? 0) >= newerOpset) return graph;
  const taken = new Set([...graph.initializers.map(({ name }) => name), ...graph.nodes.flatMap(({ outputs }) => outputs)]);
  const initializers = [...graph.initializers];
  const nodes = graph.nodes.map((node): OnnxNode => {
    if (node.domain !== '') return node;
    const axes = node.attributes.find(({ name }) => name === 'axes');
    if (/^Reduce(?!Sum$)/.test(node.op) && axes !== undefined) {
      let name = `${node.outputs[0]}.axes`;
      while (taken.has(name)) name += '_';
      taken.add(name);
      const values = integersOf(axes);
      initializers.push(tensorOf(name, BigInt64Array.from(values), [values.length]));
      return { ...node, inputs: [node.inputs[0] ?? '', name], attributes: node.attributes.filter((attribute) => attribute !== axes) };
    }
    const counts = node.op === 'Split' && (node.inputs[1] ?? '') === '' && node.attributes.every(({ name }) => name !== 'num_outputs');
    return counts ? { ...node, attributes: [...node.attributes, integerAttribute('num_outputs', node.outputs.length)] } : node;
  });
  return { ...graph, nodes, initializers };
}
