// Targets as the user edits them, and targets.json as the core reads it (docs/targets.md).
import type { Json, JsonObject } from '@offramp/engine';

export type Kind = 'device' | 'edge' | 'fog' | 'cloud';
export type Encoding = 'f32' | 'f16' | 'u8';
export const kinds: readonly Kind[] = ['device', 'edge', 'fog', 'cloud'];
export const encodings: readonly Encoding[] = ['f32', 'f16', 'u8'];

export interface TargetDraft {
  name: string;
  kind: Kind;
  /** Of this very device: measured on the model itself when a search starts. */
  measured: boolean;
  /** Counts unless measured. */
  macsPerS: number;
  /** Undefined: no limit. */
  memoryBytes: number | undefined;
  energyNjPerMac: number;
  url: string;
}

export interface LinkDraft {
  bytesPerS: number;
  rttNs: number;
  energyNjPerByte: number;
  /** Undefined: the core's default. */
  headerBytes: number | undefined;
  encoding: Encoding;
}

/** links[i] joins targets[i] and targets[i + 1]. */
export interface TargetsDraft {
  targets: TargetDraft[];
  links: LinkDraft[];
  worstCaseLatencyNs: number | undefined;
}

export const mostTargets = 16; // as the core

export function toTargetsJson(draft: TargetsDraft): JsonObject {
  return {
    targets: draft.targets.map((target): JsonObject => ({
      name: target.name, kind: target.kind,
      ...(target.measured ? { speed: 'measured' } : { macs_per_s: target.macsPerS }),
      ...(target.memoryBytes === undefined ? {} : { memory_bytes: target.memoryBytes }),
      ...(target.energyNjPerMac === 0 ? {} : { energy_nj_per_mac: target.energyNjPerMac }),
      ...(target.url.trim() === '' ? {} : { url: target.url.trim() }),
    })),
    links: draft.links.map((link): JsonObject => ({
      bytes_per_s: link.bytesPerS, rtt_ns: link.rttNs,
      ...(link.energyNjPerByte === 0 ? {} : { energy_nj_per_byte: link.energyNjPerByte }),
      ...(link.headerBytes === undefined ? {} : { header_bytes: link.headerBytes }),
      encoding: link.encoding,
    })),
    ...(draft.worstCaseLatencyNs === undefined ? {} : { limits: { worst_case_latency_ns: draft.worstCaseLatencyNs } }),
  };
}

const usualLink = { bytes_per_s: 6_250_000, rtt_ns: 20_000_000 }; // Wi-Fi at 50 Mbit/s

/** Links that the command would measure (`"speed": "measured"`) with usual figures, until the user has tested them; `open`: whether there are any. */
export function withStatedLinks(json: Json): { json: Json; open: boolean } {
  const links = (json as JsonObject | null)?.['links'];
  if (!Array.isArray(links)) return { json, open: false };
  const isOpen = (link: Json): link is JsonObject => typeof link === 'object' && link !== null && !Array.isArray(link) && link['speed'] === 'measured';
  const stated = links.map((link): Json => {
    if (!isOpen(link)) return link;
    const { speed: _, ...others } = link;
    return { ...usualLink, ...others };
  });
  return { json: { ...(json as JsonObject), links: stated }, open: links.some(isOpen) };
}

/** Of a targets.json that the core has accepted; what this page does not show (a link's packing) is not kept. */
export function fromTargetsJson(json: Json): TargetsDraft {
  const { targets, links = [], limits = {} } = json as unknown as { targets: JsonObject[]; links?: JsonObject[]; limits?: JsonObject };
  const number = (value: Json | undefined, otherwise: number): number => (typeof value === 'number' ? value : otherwise);
  const optional = (value: Json | undefined): number | undefined => (typeof value === 'number' ? value : undefined);
  return {
    targets: targets.map((target) => ({
      name: String(target['name']), kind: target['kind'] as Kind, measured: target['speed'] === 'measured', macsPerS: number(target['macs_per_s'], 1e9),
      memoryBytes: optional(target['memory_bytes']), energyNjPerMac: number(target['energy_nj_per_mac'], 0), url: String(target['url'] ?? ''),
    })),
    links: links.map((link) => ({
      bytesPerS: number(link['bytes_per_s'], 1), rttNs: number(link['rtt_ns'], 0), energyNjPerByte: number(link['energy_nj_per_byte'], 0),
      headerBytes: optional(link['header_bytes']), encoding: (link['encoding'] ?? 'f32') as Encoding,
    })),
    worstCaseLatencyNs: optional(limits['worst_case_latency_ns']),
  };
}

/** One more at the end, with a link such as a local network's. */
export function withAnotherTarget(draft: TargetsDraft): TargetsDraft {
  const taken = new Set(draft.targets.map(({ name }) => name));
  let number = draft.targets.length + 1;
  while (taken.has(`target ${number}`)) number += 1;
  return {
    ...draft,
    targets: [...draft.targets, { name: `target ${number}`, kind: 'fog', measured: false, macsPerS: 2e10, memoryBytes: 2 ** 33, energyNjPerMac: 0.4, url: '' }],
    links: [...draft.links, { bytesPerS: usualLink.bytes_per_s, rttNs: usualLink.rtt_ns, energyNjPerByte: 100, headerBytes: undefined, encoding: 'f16' }],
  };
}

/** Without the target at `index`, which is not the first, and the link that led to it. */
export function withoutTarget(draft: TargetsDraft, index: number): TargetsDraft {
  return { ...draft, targets: draft.targets.filter((_, at) => at !== index), links: draft.links.filter((_, at) => at !== index - 1) };
}

/** What is wrong with a target's name, in words; undefined if nothing is. */
export function nameProblem(draft: TargetsDraft, index: number): string | undefined {
  const name = draft.targets[index]?.name ?? '';
  if (name === '') return 'A target needs a name.';
  return draft.targets.some((other, at) => at !== index && other.name === name) ? 'Another target has this name.' : undefined;
}
