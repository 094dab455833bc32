// What the last `./run bench scale` says about its goals.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkout } from '../bench/checkout.js';
import type { Origin } from '../bench/origin.js';
import type { ScaleResults } from '../bench/scale/main.js';
import { goals } from '../bench/scale/table.js';
import type { Verdict } from './goals.js';

/** build/bench/scale.json of a whole run from the same sources. */
export async function readScale(origin: Origin, path = join(checkout, 'build/bench/scale.json')): Promise<ScaleResults | undefined> {
  try {
    const scale = JSON.parse(await readFile(path, 'utf8')) as ScaleResults;
    return scale.whole && JSON.stringify(scale.origin) === JSON.stringify(origin) ? scale : undefined;
  } catch {
    return undefined; // none yet
  }
}

export function judgeScale(scale: ScaleResults | undefined): Verdict[] {
  const model = 'ResNet-152 topology';
  const lines: [string, (summary: ScaleResults['summary']) => string, (summary: ScaleResults['summary']) => boolean][] = [
    [`whole search of 5,000 rows on two threads within ${goals.seconds / 60} minutes`, ({ seconds }) => `${(seconds / 60).toFixed(1)} minutes`, ({ seconds }) => seconds <= goals.seconds],
    [`within ${goals.bytes / 1e9} GB`, ({ peakBytes }) => `${(peakBytes / 1e9).toFixed(2)} GB`, ({ peakBytes }) => peakBytes <= goals.bytes],
  ];
  return lines.map(([goal, seen, met]) => ({
    model, goal, seen: scale === undefined ? 'not run with these sources: ./run bench scale' : seen(scale.summary), met: scale === undefined ? null : met(scale.summary),
  }));
}
