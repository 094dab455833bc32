// RawTensor: a tensor as bytes with a type and dimensions, as the module takes and gives it.
import { invalidArgument } from './errors.js';

export const elementBytes = { f32: 4, f64: 8, i64: 8, i32: 4, i16: 2, i8: 1, u16: 2, u8: 1, bool: 1 } as const;
export type DataType = keyof typeof elementBytes;

export interface RawTensor {
  dtype: DataType;
  dims: number[];
  /** Little endian, row-major. */
  data: Uint8Array;
}

export type NumberArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint16Array
  | Uint8Array;

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Errors: invalid_argument if the array's type has no tensor type or its length is not the product of `dims`. */
export function toRawTensor(values: NumberArray, dims: readonly number[]): RawTensor {
  const dtype = dataTypeOf(values);
  if (elementCount(dims) !== values.length) {
    throw invalidArgument(`dims [${dims.join(', ')}] need ${elementCount(dims)} values, got ${values.length}`);
  }
  return { dtype, dims: [...dims], data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** The tensor's values; a copy only if the bytes are not aligned. bool and u8 are both a Uint8Array. */
export function toTypedArray(tensor: RawTensor): NumberArray {
  const size = elementBytes[tensor.dtype];
  const bytes = tensor.data.byteOffset % size === 0 ? tensor.data : tensor.data.slice();
  const length = Math.floor(bytes.byteLength / size);
  const { buffer, byteOffset } = bytes;
  switch (tensor.dtype) {
    case 'f32': return new Float32Array(buffer, byteOffset, length);
    case 'f64': return new Float64Array(buffer, byteOffset, length);
    case 'i64': return new BigInt64Array(buffer, byteOffset, length);
    case 'i32': return new Int32Array(buffer, byteOffset, length);
    case 'i16': return new Int16Array(buffer, byteOffset, length);
    case 'i8': return new Int8Array(buffer, byteOffset, length);
    case 'u16': return new Uint16Array(buffer, byteOffset, length);
    case 'u8':
    case 'bool': return new Uint8Array(buffer, byteOffset, length);
  }
}

function dataTypeOf(values: NumberArray): DataType {
  if (values instanceof Float32Array) return 'f32';
  if (values instanceof Float64Array) return 'f64';
  if (values instanceof BigInt64Array) return 'i64';
  if (values instanceof Int32Array) return 'i32';
  if (values instanceof Int16Array) return 'i16';
  if (values instanceof Int8Array) return 'i8';
  if (values instanceof Uint16Array) return 'u16';
  if (values instanceof Uint8Array) return 'u8';
  throw invalidArgument('a tensor takes a typed array of 8 to 64 bit numbers');
}

export function rowCount(tensor: RawTensor): number {
  return tensor.dims[0] ?? 0;
}

function rowBytes(tensor: RawTensor): number {
  return elementCount(tensor.dims.slice(1)) * elementBytes[tensor.dtype];
}

/** Rows [begin, end) without a copy. */
export function sliceRows(tensor: RawTensor, begin: number, end: number): RawTensor {
  const bytes = rowBytes(tensor);
  return {
    dtype: tensor.dtype,
    dims: [end - begin, ...tensor.dims.slice(1)],
    data: tensor.data.subarray(begin * bytes, end * bytes),
  };
}

/** The rows named, in that order, copied. */
export function gatherRows(tensor: RawTensor, rows: Int32Array): RawTensor {
  const bytes = rowBytes(tensor);
  const data = new Uint8Array(rows.length * bytes);
  rows.forEach((row, position) => data.set(tensor.data.subarray(row * bytes, (row + 1) * bytes), position * bytes));
  return { dtype: tensor.dtype, dims: [rows.length, ...tensor.dims.slice(1)], data };
}
