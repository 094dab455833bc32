// Writes ONNX models of f32 tensors, without a copy of the weights until the end.
import { integerAttribute, integersAttribute, tensorOf, valueOf, writeOnnx as writeModel } from '@offramp/engine/onnx';

export interface OnnxNode {
  op: string;
  inputs: readonly string[];
  output: string;
  /** Whole numbers and lists of them; every attribute of the operators used here is one. */
  attributes?: Readonly<Record<string, number | readonly number[]>>;
}

export interface OnnxTensor {
  name: string;
  dims: readonly number[];
  values: Float32Array;
}

export interface OnnxModel {
  name: string;
  opset: number;
  /** The first dimension, the batch, is "N". */
  input: { name: string; dims: readonly number[] };
  output: { name: string; dims: readonly number[] };
  nodes: readonly OnnxNode[];
  initializers: readonly OnnxTensor[];
}

const irVersion = 8;

/** Precondition: a little-endian host, as tensors are little-endian. */
export function writeOnnx({ name, opset, input, output, nodes, initializers }: OnnxModel): Uint8Array {
  const value = ({ name: own, dims }: OnnxModel['input']): ReturnType<typeof valueOf> => valueOf(own, 'f32', ['N', ...dims]);
  return writeModel({
    irVersion, opsets: new Map([['', opset]]), metadata: {},
    graph: {
      name, inputs: [value(input)], outputs: [value(output)], initializers: initializers.map((tensor) => tensorOf(tensor.name, tensor.values, tensor.dims)),
      nodes: nodes.map((node) => ({
        name: node.output, op: node.op, domain: '', inputs: [...node.inputs], outputs: [node.output],
        attributes: Object.entries(node.attributes ?? {}).map(([key, entry]) => (typeof entry === 'number' ? integerAttribute(key, entry) : integersAttribute(key, entry))),
      })),
    },
  });
}
