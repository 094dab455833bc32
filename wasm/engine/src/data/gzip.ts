// gunzip with a cap: the size that a gzip file claims for itself is not believed.
import { joinBytes } from '@offramp/oip';
import { Gunzip } from 'fflate';
import { OfframpError, invalidData, limitExceeded } from '../errors.js';

const pieceBytes = 65536;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** Errors: invalid_data for damage, limit_exceeded as soon as more than `largest` bytes came out. */
export function gunzipCapped(bytes: Uint8Array, largest: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let total = 0;
  const stream = new Gunzip((piece) => {
    total += piece.length;
    if (total > largest) throw limitExceeded(`unpacks to more than ${largest} bytes`);
    pieces.push(piece);
  });
  try {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      const end = Math.min(start + pieceBytes, bytes.length);
      stream.push(bytes.subarray(start, end), end === bytes.length);
    }
  } catch (thrown) {
    if (thrown instanceof OfframpError) throw thrown;
    throw invalidData(`a damaged gzip file: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  return joinBytes(pieces);
}
