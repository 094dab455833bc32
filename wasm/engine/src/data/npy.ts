// NumPy's .npy, versions 1 to 3: numeric arrays in C order become tensors; everything else is refused by name.
import { invalidData, limitExceeded, type OfframpError } from '../errors.js';
import { elementBytes, elementCount, type DataType, type RawTensor } from '../tensor.js';

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const largestHeader = 65536;
const largestRank = 8;

const direct: Record<string, DataType> = {
  f4: 'f32', f8: 'f64', i8: 'i64', i4: 'i32', i2: 'i16', i1: 'i8', u2: 'u16', u1: 'u8', b1: 'bool',
};
// Types without a tensor type of their own, widened without loss (u8: checked to fit).
const widened: Record<string, { bytes: number; dtype: DataType }> = {
  f2: { bytes: 2, dtype: 'f32' }, u4: { bytes: 4, dtype: 'i64' }, u8: { bytes: 8, dtype: 'i64' },
};

interface Header {
  bigEndian: boolean;
  kind: string;
  fortranOrder: boolean;
  shape: number[];
  dataStart: number;
}

/** The array; a view of `bytes` where nothing needs converting. Errors: invalid_data. */
export function readNpy(bytes: Uint8Array): RawTensor {
  const header = readHeader(bytes);
  const { kind, shape } = header;
  const wide = widened[kind];
  const size = wide?.bytes ?? elementBytes[direct[kind] as DataType];
  const count = elementCount(shape);
  if (!Number.isSafeInteger(count * size)) throw limitExceeded(`shape (${shape.join(', ')}) is too large`);
  const available = bytes.length - header.dataStart;
  if (available !== count * size) {
    throw invalidData(`shape (${shape.join(', ')}) of ${size}-byte values needs ${count * size} bytes, the file holds ${available}; it is cut short or not an array`);
  }
  let data = bytes.subarray(header.dataStart);
  if (header.bigEndian && size > 1) data = swapped(data, size);
  if (wide !== undefined) data = widen(data, kind);
  const dtype = wide?.dtype ?? (direct[kind] as DataType);
  if (header.fortranOrder && shape.length > 1) data = toRowMajor(data, shape, elementBytes[dtype]);
  return { dtype, dims: shape, data };
}

function readHeader(bytes: Uint8Array): Header {
  if (!magic.every((byte, index) => bytes[index] === byte)) throw invalidData('not a .npy file: the first bytes are not \\x93NUMPY');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3) throw invalidData(`.npy version ${version}; versions 1, 2 and 3 are read`);
  const lengthBytes = version === 1 ? 2 : 4;
  if (bytes.length < 8 + lengthBytes) throw invalidData('the .npy header is cut short');
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const dataStart = 8 + lengthBytes + headerLength;
  if (headerLength > largestHeader) throw limitExceeded(`a .npy header of ${headerLength} bytes; at most ${largestHeader} are read`);
  if (dataStart > bytes.length) throw invalidData('the .npy header is cut short');
  const text = new TextDecoder('utf-8').decode(bytes.subarray(8 + lengthBytes, dataStart));
  return { ...parseHeaderText(text), dataStart };
}

function parseHeaderText(text: string): Omit<Header, 'dataStart'> {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|"([^"]*)")/.exec(text);
  if (descr === null) {
    if (/'descr'\s*:\s*\[/.test(text)) throw invalidData('a structured array; save its columns as separate plain arrays');
    throw invalidData('the .npy header names no type');
  }
  const typeName = descr[1] ?? descr[2] ?? '';
  const type = /^([<>|=]?)([a-zA-Z])(\d*)/.exec(typeName);
  const kind = `${type?.[2] ?? ''}${type?.[3] ?? ''}`;
  if (type === null || (direct[kind] === undefined && widened[kind] === undefined)) throw refusedType(typeName);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const shapeText = /'shape'\s*:\s*\(([^)]*)\)/.exec(text);
  if (order === null || shapeText === null) throw invalidData('the .npy header lacks fortran_order or shape');
  const shape = (shapeText[1] ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '').map((part) => {
    if (!/^\d{1,15}L?$/.test(part)) throw invalidData(`the .npy header's shape holds ${JSON.stringify(part.slice(0, 40))}, not a size`);
    return Number.parseInt(part, 10);
  });
  if (shape.length > largestRank) throw limitExceeded(`an array of ${shape.length} dimensions; at most ${largestRank} are read`);
  return { bigEndian: type[1] === '>', kind, fortranOrder: order[1] === 'True', shape };
}

function refusedType(typeName: string): OfframpError {
  const remedy = typeName.includes('O') ? 'Python objects are never unpickled; save a plain numeric array'
    : typeName.includes('U') || typeName.includes('S') ? 'save numbers instead of text'
      : 'integers, floats of 16 to 64 bits and bool are read';
  return invalidData(`array type ${JSON.stringify(typeName.slice(0, 40))} is not read: ${remedy}`);
}

function swapped(data: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let start = 0; start < data.length; start += size) {
    for (let byte = 0; byte < size; byte += 1) out[start + byte] = data[start + size - 1 - byte] as number;
  }
  return out;
}

function widen(data: Uint8Array, kind: string): Uint8Array {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (kind === 'f2') {
    const out = new Float32Array(data.length / 2);
    for (let index = 0; index < out.length; index += 1) out[index] = halfToNumber(view.getUint16(index * 2, true));
    return new Uint8Array(out.buffer);
  }
  const bytes = kind === 'u4' ? 4 : 8;
  const out = new BigInt64Array(data.length / bytes);
  for (let index = 0; index < out.length; index += 1) {
    const value = bytes === 4 ? BigInt(view.getUint32(index * 4, true)) : view.getBigUint64(index * 8, true);
    if (value > 0x7fffffffffffffffn) throw invalidData(`value ${value} at position ${index} does not fit 64 signed bits`);
    out[index] = value;
  }
  return new Uint8Array(out.buffer);
}

export function halfToNumber(half: number): number {
  const sign = (half & 0x8000) !== 0 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Column-major to row-major: walks the output in order and keeps the input offset beside it. */
function toRowMajor(data: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const out = new Uint8Array(data.length);
  const strides: number[] = [];
  let stride = size;
  for (const dim of shape) {
    strides.push(stride);
    stride *= dim;
  }
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to += size) {
    for (let byte = 0; byte < size; byte += 1) out[to + byte] = data[from + byte] as number;
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      const next = (index[axis] as number) + 1;
      from += strides[axis] as number;
      if (next < (shape[axis] as number)) {
        index[axis] = next;
        break;
      }
      from -= next * (strides[axis] as number);
      index[axis] = 0;
    }
  }
  return out;
}
