// Protobuf's wire format, as far as ONNX files need it: fields in, pieces out, and what is not understood stays as it is. A library
// would generate code, which is either third-party text in git or, at run time, what a strict content security policy forbids.
// Source: protobuf.dev, "Encoding".
import { OfframpError } from '../errors.js';

/** A message's bytes in order; large ones are views of where they came from. */
export type Pieces = Uint8Array[];

export interface Field {
  number: number;
  /** Of a varint. */
  value: bigint | undefined;
  /** Of a length-delimited field; else empty. */
  bytes: Uint8Array;
  /** The whole field, tag included. */
  raw: Uint8Array;
}

const lengthDelimited = 2;
const fixedBytes: Partial<Record<number, number>> = { 1: 8, 5: 4 };
const damaged = (what: string): OfframpError => new OfframpError('invalid_model', `a damaged protobuf message: ${what}`);

/** Errors: invalid_model for bytes that are no message. */
export function readFields(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length;) {
    const begin = at;
    const tag = readVarint(message, at);
    const wire = Number(tag.value & 7n);
    const field: Field = { number: Number(tag.value >> 3n), value: undefined, bytes: message.subarray(0, 0), raw: message };
    at = tag.end;
    if (wire === 0) {
      const { value, end } = readVarint(message, at);
      field.value = value;
      at = end;
    } else {
      let size = fixedBytes[wire];
      if (wire === lengthDelimited) {
        const { value, end } = readVarint(message, at);
        at = end;
        size = Number(value);
        field.bytes = message.subarray(at, at + size);
      }
      if (size === undefined) throw damaged(`wire type ${wire}`);
      at += size;
    }
    if (at > message.length) throw damaged(`field ${field.number} goes on past the end`);
    field.raw = message.subarray(begin, at);
    fields.push(field);
  }
  return fields;
}

/** A list of whole numbers: one field each, or all in one. */
export function readVarints(fields: readonly Field[]): bigint[] {
  return fields.flatMap(({ value, bytes }) => {
    if (value !== undefined) return [value];
    const values: bigint[] = [];
    for (let at = 0; at < bytes.length;) {
      const read = readVarint(bytes, at);
      values.push(read.value);
      at = read.end;
    }
    return values;
  });
}

function readVarint(bytes: Uint8Array, begin: number): { value: bigint; end: number } {
  let value = 0n;
  for (let at = begin; at < begin + 10; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) throw damaged('it ends within a number');
    value |= BigInt(byte & 127) << BigInt(7 * (at - begin));
    if (byte < 128) return { value: BigInt.asUintN(64, value), end: at + 1 };
  }
  throw damaged('a number of more than ten bytes');
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
export const textOf = (field: Field | undefined): string => decoder.decode(field?.bytes ?? new Uint8Array(0));

export function integer(field: number, value: number | bigint): Uint8Array {
  return Uint8Array.from([...varint(field << 3), ...varint(value)]);
}

export function text(field: number, value: string): Uint8Array {
  const bytes = encoder.encode(value);
  return Uint8Array.from([...tagged(field, bytes.length), ...bytes]);
}

export function message(field: number, pieces: Pieces): Pieces {
  return [Uint8Array.from(tagged(field, byteCount(pieces))), ...pieces];
}

export function byteCount(pieces: Pieces): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

export function joined(pieces: Pieces): Uint8Array {
  const all = new Uint8Array(byteCount(pieces));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function tagged(field: number, length: number): number[] {
  return [...varint((field << 3) | lengthDelimited), ...varint(length)];
}

/** Negative numbers as their two's complement in 64 bits. */
function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt.asUintN(64, BigInt(value)); ; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}
