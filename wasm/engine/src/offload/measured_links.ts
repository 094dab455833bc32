// Links of targets.json whose "speed" is "measured": the way from this machine to the next target's url, put in as figures.
import { invalidArgument } from '../errors.js';
import { isJsonObject, type Json, type JsonObject } from '../json.js';
import type { MeasuredLink } from '../reports.js';
import type { LinkFigures } from './link_speed.js';

/**
 * The targets with figures in place of "speed", and what was measured. What is wrong elsewhere is left for the core to say.
 * Errors: invalid_argument naming the link; those of `measure`.
 */
export async function withMeasuredLinks(
  targets: Json | undefined, measure: (url: string) => Promise<LinkFigures>,
): Promise<{ targets: Json | undefined; measured: MeasuredLink[] }> {
  const links = isJsonObject(targets) ? targets['links'] : undefined;
  if (!isJsonObject(targets) || !Array.isArray(links)) return { targets, measured: [] };
  const measured: MeasuredLink[] = [];
  const figured: Json[] = [];
  for (const [at, link] of links.entries()) {
    if (!isJsonObject(link) || link['speed'] === undefined) {
      figured.push(link);
      continue;
    }
    const { from, to, url } = endsOf(targets, link, at);
    const { rttNs, bytesPerS, backBytesPerS, models } = await measure(url);
    const { speed: _, ...others } = link;
    figured.push({ ...others, rtt_ns: rttNs, bytes_per_s: bytesPerS });
    measured.push({ from, to, url, rtt_ns: rttNs, bytes_per_s: bytesPerS, back_bytes_per_s: backBytesPerS ?? null, models });
  }
  return { targets: measured.length === 0 ? targets : { ...targets, links: figured }, measured };
}

function endsOf(targets: JsonObject, link: JsonObject, at: number): { from: string; to: string; url: string } {
  const refuse = (message: string): Error => invalidArgument(message).within(`links[${at}]`).within('targets');
  if (link['speed'] !== 'measured') throw refuse(`"speed" must be "measured", got ${JSON.stringify(link['speed'])}`);
  for (const key of ['bytes_per_s', 'rtt_ns']) {
    if (link[key] !== undefined) throw refuse(`"speed" and "${key}" contradict each other: leave one out`);
  }
  if (at > 0) throw refuse('this machine can measure the first link only: state "bytes_per_s" and "rtt_ns"');
  const ends = Array.isArray(targets['targets']) ? targets['targets'] : [];
  const textOf = (end: Json | undefined, key: string): string | undefined => {
    const text = isJsonObject(end) ? end[key] : undefined;
    return typeof text === 'string' ? text : undefined;
  };
  const url = textOf(ends[at + 1], 'url');
  if (url === undefined) throw refuse(`it is to be measured, and targets[${at + 1}] has no "url" to measure it with`);
  return { from: textOf(ends[at], 'name') ?? '', to: textOf(ends[at + 1], 'name') ?? '', url };
}
