// Writes ONNX models of f32 tensors: the few protobuf messages that this takes, without a copy of the weights until the end.
// Source: onnx.proto; numbers are its field numbers.

/** A message's pieces in order. */
type Pieces = Uint8Array[];

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

const floatType = 1;
const irVersion = 8;
const attributeTypes = { int: 2, ints: 7 };

/** Precondition: a little-endian host, as tensors are little-endian. */
export function writeOnnx(model: OnnxModel): Uint8Array {
  const graph = [
    ...model.nodes.flatMap((node) => message(1, nodeProto(node))), text(2, model.name),
    ...model.initializers.flatMap((tensor) => message(5, tensorProto(tensor))),
    ...message(11, valueProto(model.input)), ...message(12, valueProto(model.output)),
  ];
  return joined([
    integer(1, irVersion), text(2, 'offramp tests'), ...message(7, graph), ...message(8, [text(1, ''), integer(2, model.opset)]),
  ]);
}

function nodeProto({ op, inputs, output, attributes = {} }: OnnxNode): Pieces {
  return [
    ...inputs.map((name) => text(1, name)), text(2, output), text(3, output), text(4, op),
    ...Object.entries(attributes).flatMap(([name, value]) => message(5, attributeProto(name, value))),
  ];
}

function attributeProto(name: string, value: number | readonly number[]): Pieces {
  return typeof value === 'number'
    ? [text(1, name), integer(3, value), integer(20, attributeTypes.int)]
    : [text(1, name), ...value.map((item) => integer(8, item)), integer(20, attributeTypes.ints)];
}

function tensorProto({ name, dims, values }: OnnxTensor): Pieces {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return [...dims.map((dim) => integer(1, dim)), integer(2, floatType), text(8, name), ...message(9, [bytes])];
}

function valueProto({ name, dims }: OnnxModel['input']): Pieces {
  const shape = [...message(1, [text(2, 'N')]), ...dims.flatMap((dim) => message(1, [integer(1, dim)]))];
  return [text(1, name), ...message(2, message(1, [integer(1, floatType), ...message(2, shape)]))];
}

function integer(field: number, value: number): Uint8Array {
  return Uint8Array.from([...varint(field << 3), ...varint(value)]);
}

function text(field: number, value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return Uint8Array.from([...varint((field << 3) | 2), ...varint(bytes.length), ...bytes]);
}

function message(field: number, pieces: Pieces): Pieces {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return [Uint8Array.from([...varint((field << 3) | 2), ...varint(length)]), ...pieces];
}

/** Of a whole number from 0. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

function joined(pieces: Pieces): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
