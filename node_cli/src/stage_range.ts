// --stages RANGE: which of a package's stages are meant.
import { invalidArgument } from '@offramp/engine';

/** "2", "1..", "1..2" or "..2", of so many stages; both ends belong to it. Errors: invalid_argument. */
export function readStageRange(text: string | undefined, count: number): { from: number; to: number } {
  const last = count - 1;
  if (text === undefined) return { from: 0, to: count };
  const match = /^(\d{1,3})?(\.\.)?(\d{1,3})?$/.exec(text);
  const single = match?.[2] === undefined;
  const from = Number(match?.[1] ?? 0);
  const end = single ? from : Number(match?.[3] ?? last);
  if (match === null || text === '' || (single && match[3] !== undefined) || from > end || end > last) {
    throw invalidArgument(`--stages is a stage or a range such as 1.. or 1..2, of 0 to ${last}; not "${text}"`);
  }
  return { from, to: end + 1 };
}
