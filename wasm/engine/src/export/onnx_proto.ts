// ONNX models as far as stages can be put together from them: names are understood, weights and attributes pass through as bytes.
// Source: onnx.proto; numbers are its field numbers.
import { limitExceeded, OfframpError } from '../errors.js';
import { byteCount, integer, joined, message, readFields, readVarints, text, textOf, type Field, type Pieces } from './protobuf.js';

export interface OnnxModel {
  irVersion: number;
  /** Version by domain; ONNX's own domain is "". */
  opsets: Map<string, number>;
  graph: OnnxGraph;
  metadata: Record<string, string>;
}
export interface OnnxGraph {
  name: string;
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: OnnxValue[];
  outputs: OnnxValue[];
}
export interface OnnxNode {
  name: string;
  op: string;
  domain: string;
  /** "" for one that is left out. */
  inputs: string[];
  outputs: string[];
  attributes: OnnxAttribute[];
}
export interface OnnxAttribute {
  name: string;
  /** All but the name. */
  rest: Pieces;
}
export interface OnnxTensor {
  name: string;
  /** All but the name. */
  rest: Pieces;
}
export interface OnnxValue {
  name: string;
  /** A TypeProto. */
  type: Pieces;
}

export const elementTypes = { f32: 1, u8: 2, i32: 6, i64: 7, f16: 10 } as const;
export type ElementType = keyof typeof elementTypes;
const attributeTypes = { int: 2, tensor: 4, graph: 5, ints: 7 } as const;
const largestFile = 2 ** 31 - 1; // protobuf's own limit

const unsupported = (what: string): OfframpError => new OfframpError('unsupported', `${what}, which an export cannot put together`);

/** Errors: invalid_model for bytes that are no ONNX model; unsupported for one with functions, subgraphs or sparse weights. */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const fields = readFields(bytes);
  if (only(fields, 25).length > 0) throw unsupported('the model has functions of its own');
  const opsets = only(fields, 8).map((entry) => {
    const parts = readFields(entry.bytes);
    return [domainOf(textOf(last(parts, 1))), Number(last(parts, 2)?.value ?? 0n)] as const;
  });
  const graph = last(fields, 7);
  if (graph === undefined) throw new OfframpError('invalid_model', 'no ONNX model: it has no graph');
  return { irVersion: Number(last(fields, 1)?.value ?? 0n), opsets: new Map(opsets), graph: readGraph(graph.bytes), metadata: {} };
}

function readGraph(bytes: Uint8Array): OnnxGraph {
  const fields = readFields(bytes);
  if (only(fields, 15).length > 0) throw unsupported('the graph has sparse weights');
  const initializers = only(fields, 5).map((field) => namedPart(field, 8));
  const weights = new Set(initializers.map(({ name }) => name));
  const value = (field: Field): OnnxValue => {
    const parts = readFields(field.bytes);
    return { name: textOf(last(parts, 1)), type: [last(parts, 2)?.bytes ?? new Uint8Array(0)] };
  };
  return {
    name: textOf(last(fields, 2)), nodes: only(fields, 1).map(readNode), initializers,
    inputs: only(fields, 11).map(value).filter(({ name }) => !weights.has(name)), outputs: only(fields, 12).map(value),
  };
}

function readNode({ bytes }: Field): OnnxNode {
  const fields = readFields(bytes);
  const op = textOf(last(fields, 4));
  const attributes = only(fields, 5).map((field) => {
    if (readFields(field.bytes).some(({ number }) => number === 6 || number === 11)) throw unsupported(`an operator ${op} has a graph of its own`);
    return namedPart(field, 1);
  });
  return {
    name: textOf(last(fields, 3)), op, domain: domainOf(textOf(last(fields, 7))), inputs: only(fields, 1).map(textOf), outputs: only(fields, 2).map(textOf), attributes,
  };
}

function namedPart({ bytes }: Field, nameField: number): { name: string; rest: Pieces } {
  const fields = readFields(bytes);
  return { name: textOf(last(fields, nameField)), rest: fields.filter(({ number }) => number !== nameField).map(({ raw }) => raw) };
}

const only = (fields: readonly Field[], number: number): Field[] => fields.filter((field) => field.number === number);
const last = (fields: readonly Field[], number: number): Field | undefined => only(fields, number).at(-1);
const domainOf = (name: string): string => (name === 'ai.onnx' ? '' : name);

/** The numbers of an attribute of whole numbers. */
export function integersOf({ rest }: OnnxAttribute): bigint[] {
  return readVarints(only(readFields(joined(rest)), 8)).map((value) => BigInt.asIntN(64, value));
}

/** Errors: limit_exceeded past 2 GiB, more than any reader takes. */
export function writeOnnx({ irVersion, opsets, graph, metadata }: OnnxModel): Uint8Array {
  const pieces = [
    integer(1, irVersion), text(2, 'offramp'), ...message(7, graphPieces(graph)),
    ...[...opsets].flatMap(([domain, version]) => message(8, [text(1, domain), integer(2, version)])),
    ...Object.entries(metadata).flatMap(([key, value]) => message(14, [text(1, key), text(2, value)])),
  ];
  const size = byteCount(pieces);
  if (size > largestFile) throw limitExceeded(`the ONNX file would have ${size} bytes; at most ${largestFile} can be read`);
  return joined(pieces);
}

function graphPieces({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Pieces {
  const value = (field: number) => (entry: OnnxValue): Pieces => message(field, [text(1, entry.name), ...message(2, entry.type)]);
  return [
    ...nodes.flatMap((node) => message(1, nodePieces(node))), text(2, name),
    ...initializers.flatMap((tensor) => message(5, [...tensor.rest, text(8, tensor.name)])),
    ...inputs.flatMap(value(11)), ...outputs.flatMap(value(12)),
  ];
}

function nodePieces({ name, op, domain, inputs, outputs, attributes }: OnnxNode): Pieces {
  return [
    ...inputs.map((input) => text(1, input)), ...outputs.map((output) => text(2, output)), text(3, name), text(4, op),
    ...attributes.flatMap((attribute) => message(5, [text(1, attribute.name), ...attribute.rest])), ...(domain === '' ? [] : [text(7, domain)]),
  ];
}

export function integerAttribute(name: string, value: number): OnnxAttribute {
  return { name, rest: [integer(3, value), integer(20, attributeTypes.int)] };
}
export function integersAttribute(name: string, values: readonly number[]): OnnxAttribute {
  return { name, rest: [...values.map((value) => integer(8, value)), integer(20, attributeTypes.ints)] };
}
export function tensorAttribute(name: string, tensor: OnnxTensor): OnnxAttribute {
  return { name, rest: [...message(5, tensor.rest), integer(20, attributeTypes.tensor)] };
}
export function graphAttribute(name: string, graph: OnnxGraph): OnnxAttribute {
  return { name, rest: [...message(6, graphPieces(graph)), integer(20, attributeTypes.graph)] };
}

/** Precondition: a little-endian host, as tensors are little-endian. */
export function tensorOf(name: string, values: Float32Array | BigInt64Array, dims: readonly number[]): OnnxTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const type = values instanceof Float32Array ? elementTypes.f32 : elementTypes.i64;
  return { name, rest: [...dims.map((dim) => integer(1, dim)), integer(2, type), ...message(9, [bytes])] };
}

/** Dimensions are sizes, or names of sizes that are open. */
export function valueOf(name: string, type: ElementType, dims: readonly (number | string)[]): OnnxValue {
  const shape = dims.flatMap((dim) => message(1, [typeof dim === 'number' ? integer(1, dim) : text(2, dim)]));
  return { name, type: message(1, [integer(1, elementTypes[type]), ...message(2, shape)]) };
}
