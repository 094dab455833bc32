// Tensors as the protocol names them, as typed arrays, and their bytes.
import { argumentError, protocolError } from './errors.js';

export const datatypeBytes = {
  BOOL: 1, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8, INT8: 1, INT16: 2, INT32: 4, INT64: 8, FP16: 2, BF16: 2, FP32: 4, FP64: 8,
  BYTES: 0, // of any length each
} as const;
export type Datatype = keyof typeof datatypeBytes;

/** FP16 and BF16 are their bit patterns, BOOL is 0 or 1, BYTES is a list of byte strings. */
export type TensorData =
  | Float32Array | Float64Array | Int8Array | Int16Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array | Uint32Array
  | BigUint64Array | readonly Uint8Array[];

export interface Tensor {
  name: string;
  datatype: Datatype;
  shape: readonly number[];
  data: TensorData;
  parameters?: Readonly<Record<string, unknown>> | undefined;
}

export const tensorLimits = { rank: 16, elements: 2 ** 28 };

export function isDatatype(value: unknown): value is Datatype {
  return typeof value === 'string' && Object.hasOwn(datatypeBytes, value);
}

/** Number of elements. Errors: protocol for anything but a short list of sizes whose product is bearable. */
export function checkShape(shape: unknown, what: string): { shape: number[]; elements: number } {
  const sizes = Array.isArray(shape) ? shape as unknown[] : undefined;
  if (sizes === undefined || sizes.length > tensorLimits.rank || !sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) {
    throw protocolError(`${what}: "shape" is a list of at most ${tensorLimits.rank} sizes, not ${brief(shape)}`);
  }
  let elements = 1;
  for (const size of sizes as number[]) {
    elements *= size;
    if (elements > tensorLimits.elements) throw protocolError(`${what}: more than ${tensorLimits.elements} elements`);
  }
  return { shape: sizes as number[], elements };
}

/** A tensor of zeros, or of empty byte strings. */
export function zeros(name: string, datatype: Datatype, shape: readonly number[]): Tensor {
  const { elements } = checkShape(shape, `tensor ${brief(name)}`);
  const data = datatype === 'BYTES' ? Array.from({ length: elements }, () => new Uint8Array(0)) : new arrays[datatype](elements);
  return { name, datatype, shape, data };
}

export function brief(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

type Plain = Exclude<Datatype, 'BYTES'>;
type ArrayType = { new (buffer: ArrayBufferLike, offset: number, length: number): Exclude<TensorData, readonly Uint8Array[]>; new (length: number): Exclude<TensorData, readonly Uint8Array[]> };
const arrays: Record<Plain, ArrayType> = {
  BOOL: Uint8Array, UINT8: Uint8Array, UINT16: Uint16Array, UINT32: Uint32Array, UINT64: BigUint64Array, INT8: Int8Array,
  INT16: Int16Array, INT32: Int32Array, INT64: BigInt64Array, FP16: Uint16Array, BF16: Uint16Array, FP32: Float32Array, FP64: Float64Array,
};

/** A tensor's elements from little-endian bytes, without a copy where they are aligned. Errors: protocol for another number of bytes. */
export function fromBytes(datatype: Datatype, elements: number, bytes: Uint8Array, what: string): TensorData {
  if (datatype === 'BYTES') return splitByteStrings(bytes, elements, what);
  const size = datatypeBytes[datatype];
  if (bytes.length !== elements * size) throw protocolError(`${what}: ${elements} elements of ${datatype} have ${elements * size} bytes, got ${bytes.length}`);
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes); // slice() of Node's Buffer copies nothing
  if (datatype === 'BOOL' && !aligned.every((byte) => byte <= 1)) throw protocolError(`${what}: a BOOL is 0 or 1`);
  return new arrays[datatype](aligned.buffer, aligned.byteOffset, elements);
}

/** Errors: invalid_argument if the data are not of the tensor's datatype and shape. */
export function checkTensor(tensor: Tensor): void {
  const what = `tensor ${brief(tensor.name)}`;
  const elements = tensor.shape.reduce((product, size) => product * size, 1);
  const { data, datatype } = tensor;
  const fits = datatype === 'BYTES' ? Array.isArray(data) : isDatatype(datatype) && data instanceof (arrays[datatype] as unknown as new () => object);
  if (!fits) throw argumentError(`${what}: ${brief(datatype)} takes ${datatype === 'BYTES' ? 'a list of byte strings' : arrays[datatype as Plain]?.name ?? 'nothing that is known'}`);
  if (data.length !== elements) throw argumentError(`${what}: shape [${tensor.shape.join(', ')}] needs ${elements} elements, got ${data.length}`);
}

export function toBytes(tensor: Tensor): Uint8Array {
  const { data } = tensor;
  if (!Array.isArray(data)) {
    const view = data as Exclude<TensorData, readonly Uint8Array[]>;
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  }
  const strings = data as readonly Uint8Array[];
  const bytes = new Uint8Array(strings.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const string of strings) {
    view.setUint32(at, string.length, true);
    bytes.set(string, at + 4);
    at += 4 + string.length;
  }
  return bytes;
}

function splitByteStrings(bytes: Uint8Array, elements: number, what: string): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const strings: Uint8Array[] = [];
  let at = 0;
  while (strings.length < elements && at + 4 <= bytes.length) {
    const end = at + 4 + view.getUint32(at, true);
    if (end > bytes.length) break;
    strings.push(bytes.subarray(at + 4, end));
    at = end;
  }
  if (strings.length !== elements || at !== bytes.length) throw protocolError(`${what}: the bytes are not ${elements} strings with their lengths`);
  return strings;
}

/** Elements as JSON has them. Errors: unsupported for FP16 and BF16, which JSON has no form for; invalid_argument for what is not finite or exact. */
export function toJson(tensor: Tensor): unknown[] {
  const { datatype, data, name } = tensor;
  const what = `tensor ${brief(name)}`;
  if (datatype === 'BYTES') return (data as readonly Uint8Array[]).map((bytes) => new TextDecoder().decode(bytes));
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => value !== 0);
  if (datatype === 'INT64' || datatype === 'UINT64') {
    return Array.from(data as BigInt64Array, (value) => {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) throw argumentError(`${what}: ${value} has no exact form in JSON; send it as binary`);
      return number;
    });
  }
  const numbers = Array.from(data as Float32Array);
  const odd = numbers.findIndex((value) => !Number.isFinite(value));
  if (odd >= 0) throw argumentError(`${what}: element ${odd} is ${numbers[odd]}, which JSON cannot say`);
  return numbers;
}

/** Elements from a flat or nested JSON list. Errors: protocol. */
export function fromJson(datatype: Datatype, elements: number, list: unknown, what: string): TensorData {
  if (!Array.isArray(list)) throw protocolError(`${what}: "data" is a list, not ${brief(list)}`);
  const flat = flatten(list, elements, what);
  if (datatype === 'BYTES') {
    return flat.map((value) => {
      if (typeof value !== 'string') throw protocolError(`${what}: an element of BYTES is a string, not ${brief(value)}`);
      return new TextEncoder().encode(value);
    });
  }
  if (datatype === 'FP16' || datatype === 'BF16') throw protocolError(`${what}: ${datatype} has no form in JSON; send it as binary`);
  const data = new arrays[datatype](elements) as unknown as Record<number, number | bigint>;
  const whole = !datatype.startsWith('FP');
  flat.forEach((value, index) => {
    if (datatype === 'BOOL' && typeof value === 'boolean') data[index] = value ? 1 : 0;
    else if (typeof value !== 'number' || (whole && !fitsWhole(datatype, value))) throw protocolError(`${what}: element ${index} is no ${datatype}: ${brief(value)}`);
    else data[index] = datatype === 'INT64' || datatype === 'UINT64' ? BigInt(value) : value;
  });
  return data as unknown as TensorData;
}

function fitsWhole(datatype: Plain, value: number): boolean {
  if (!Number.isSafeInteger(value)) return false;
  if (datatype === 'BOOL') return value === 0 || value === 1;
  const bits = 8 * datatypeBytes[datatype];
  const signed = datatype.startsWith('INT');
  const low = signed ? -(2 ** (bits - 1)) : 0;
  return value >= low && value < low + 2 ** bits;
}

/** Errors: protocol for another number of elements, or lists nested deeper than any tensor. */
function flatten(list: unknown[], elements: number, what: string): unknown[] {
  const flat: unknown[] = [];
  const visit = (level: unknown[], depth: number): void => {
    if (depth > tensorLimits.rank) throw protocolError(`${what}: lists nested more than ${tensorLimits.rank} deep`);
    for (const entry of level) {
      if (Array.isArray(entry)) visit(entry as unknown[], depth + 1);
      else if (flat.push(entry) > elements) throw protocolError(`${what}: more than the ${elements} elements of its shape`);
    }
  };
  visit(list, 1);
  if (flat.length !== elements) throw protocolError(`${what}: ${elements} elements by its shape, got ${flat.length}`);
  return flat;
}
