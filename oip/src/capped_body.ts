// A body that may be longer than it says, or than anybody wants.
import { joinBytes } from './join_bytes.js';

/** Reads to the end, or past `most` bytes, where it stops and throws what `tooLarge` makes. Errors: the stream's. */
export async function readCappedBody(body: ReadableStream<Uint8Array> | null, most: number, tooLarge: () => Error): Promise<Uint8Array> {
  if (body === null) return new Uint8Array(0);
  const reader = body.getReader();
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw tooLarge();
    }
    pieces.push(value);
  }
  return joinBytes(pieces);
}
