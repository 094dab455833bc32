// The wire format, both ways: a JSON object, and behind it the binary tensors that it announces.
// Source: the Open Inference Protocol v2 with the binary tensor data extension.
import { argumentError, OipError, protocolError } from './errors.js';
import { brief, checkShape, checkTensor, fromBytes, fromJson, isDatatype, toBytes, toJson, type Tensor } from './tensors.js';

export const headerLengthName = 'Inference-Header-Content-Length';
export const binaryExtension = 'binary_tensor_data';

const alignment = 8; // of the largest elements

export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Message {
  body: Uint8Array<ArrayBuffer>;
  /** Of the JSON, if binary tensors follow. */
  headerLength: number | undefined;
}

/** `key` is "inputs" or "outputs". Errors: invalid_argument or unsupported naming the tensor. */
export function encodeMessage(header: JsonRecord, key: 'inputs' | 'outputs', tensors: readonly Tensor[], isBinary: (tensor: Tensor) => boolean): Message {
  const tails: Uint8Array[] = [];
  const entries = tensors.map((tensor) => {
    checkTensor(tensor);
    const entry: JsonRecord = { name: tensor.name, datatype: tensor.datatype, shape: tensor.shape };
    if (isBinary(tensor)) {
      const bytes = toBytes(tensor);
      tails.push(bytes);
      entry['parameters'] = { ...tensor.parameters, binary_data_size: bytes.length };
    } else {
      if (tensor.datatype === 'FP16' || tensor.datatype === 'BF16') {
        throw new OipError('unsupported', `tensor ${brief(tensor.name)}: ${tensor.datatype} needs the binary tensor extension, which this server does not have`);
      }
      if (tensor.parameters !== undefined) entry['parameters'] = tensor.parameters;
      entry['data'] = toJson(tensor);
    }
    return entry;
  });
  const text = JSON.stringify({ ...header, [key]: entries });
  const encoder = new TextEncoder();
  if (tails.length === 0) return { body: encoder.encode(text), headerLength: undefined };
  // White space within the object, so that the first tensor is aligned, and whoever reads it need not copy it.
  const surplus = encoder.encode(text).length % alignment;
  const json = encoder.encode(`${text.slice(0, -1)}${' '.repeat((alignment - surplus) % alignment)}}`);
  const body = new Uint8Array(tails.reduce((sum, { length }) => sum + length, json.length));
  body.set(json);
  let at = json.length;
  for (const tail of tails) {
    body.set(tail, at);
    at += tail.length;
  }
  return { body, headerLength: json.length };
}

/**
 * The JSON object of a message and the bytes behind it. Without a header length (there is none, or CORS hides it) the object's
 * end is looked for. Errors: protocol.
 */
export function splitMessage(body: Uint8Array, headerLength: string | null): { header: JsonRecord; tail: Uint8Array } {
  let length: number;
  if (headerLength === null) {
    length = endOfObject(body);
  } else {
    length = /^\d{1,15}$/.test(headerLength) ? Number(headerLength) : NaN;
    if (!(length <= body.length)) throw protocolError(`${headerLengthName} is ${brief(headerLength)}, the body has ${body.length} bytes`);
  }
  const json = body.subarray(0, length);
  const header = parseBody(json);
  if (!isRecord(header)) throw protocolError(`the body is no JSON object: ${brief(header)}`);
  const tail = body.subarray(length);
  // White space behind plain JSON is no tensor.
  const isPlain = headerLength === null && tail.every(isSpace) && !new TextDecoder().decode(json).includes('binary_data_size');
  return { header, tail: isPlain ? tail.subarray(tail.length) : tail };
}

/** Errors: protocol. */
export function parseBody(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    throw protocolError(`the body is not JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** Behind the first object's closing brace. */
function endOfObject(body: Uint8Array): number {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at];
    if (inString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b) depth += 1;
    else if (byte === 0x7d && --depth === 0) return at + 1;
  }
  return body.length;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** The tensors of a message, checked: names, types, shapes, and that every byte of the tail belongs to one. Errors: protocol naming the tensor. */
export function decodeTensors(header: JsonRecord, key: 'inputs' | 'outputs', tail: Uint8Array): Tensor[] {
  const entries = header[key];
  if (!Array.isArray(entries)) throw protocolError(`"${key}" is a list of tensors, not ${brief(entries)}`);
  let at = 0;
  const names = new Set<string>();
  const tensors = entries.map((entry: unknown, index): Tensor => {
    if (!isRecord(entry) || typeof entry['name'] !== 'string') throw protocolError(`${key}[${index}] has no name`);
    const { name, datatype, data } = entry;
    const what = `${key}[${index}] ${brief(name)}`;
    if (names.has(name)) throw protocolError(`${what} is there twice`);
    names.add(name);
    if (!isDatatype(datatype)) throw protocolError(`${what}: unknown datatype ${brief(datatype)}`);
    const { shape, elements } = checkShape(entry['shape'], what);
    const parameters = entry['parameters'] ?? {};
    if (!isRecord(parameters)) throw protocolError(`${what}: "parameters" is an object, not ${brief(parameters)}`);
    const size = parameters['binary_data_size'];
    if (size === undefined) return { name, datatype, shape, parameters, data: fromJson(datatype, elements, data, what) };
    if (data !== undefined) throw protocolError(`${what} has both "data" and binary_data_size`);
    if (!Number.isSafeInteger(size) || (size as number) < 0) throw protocolError(`${what}: binary_data_size is a number of bytes, not ${brief(size)}`);
    const end = at + (size as number);
    if (end > tail.length) throw protocolError(`${what}: ${brief(size)} bytes are announced, ${tail.length - at} are left`);
    const bytes = tail.subarray(at, end);
    at = end;
    return { name, datatype, shape, parameters, data: fromBytes(datatype, elements, bytes, what) };
  });
  if (at !== tail.length) throw protocolError(`${tail.length - at} bytes follow the last tensor`);
  return tensors;
}

/** A model's or version's name as part of a path. Errors: invalid_argument. */
export function pathPart(name: string, what: string): string {
  if (name === '' || name === '.' || name === '..' || name.length > 1024) throw argumentError(`${what} ${brief(name)} cannot stand in a URL`);
  return encodeURIComponent(name);
}
