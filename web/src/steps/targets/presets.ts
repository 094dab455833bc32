// What to start from. The figures are those of the core's presets of the same name (docs/targets.md says where each comes from).
import { fromTargetsJson, type TargetsDraft } from './draft.js';
import type { JsonObject } from '@offramp/engine';

export interface Preset {
  id: string;
  title: string;
  about: string;
  json: JsonObject;
}

export const presets: readonly Preset[] = [
  {
    id: 'this-device', title: 'This device alone', about: 'Everything runs in this browser. Exits save time and energy.',
    json: { targets: [{ name: 'browser', kind: 'device', speed: 'measured', energy_nj_per_mac: 0.5 }], links: [] },
  },
  {
    id: 'browser-fog', title: 'This device and a fog node', about: 'Easy inputs are answered here, hard ones go on to a server nearby.',
    json: {
      targets: [
        { name: 'browser', kind: 'device', speed: 'measured', memory_bytes: 1073741824, energy_nj_per_mac: 0.5 },
        { name: 'fog', kind: 'fog', macs_per_s: 2e10, memory_bytes: 8589934592, energy_nj_per_mac: 0.4, url: 'http://127.0.0.1:8700' },
      ],
      links: [{ bytes_per_s: 6250000, rtt_ns: 20000000, energy_nj_per_byte: 100, encoding: 'f16' }],
    },
  },
  {
    id: 'phone-edge-cloud', title: 'Phone, edge and cloud', about: 'A phone, a small computer in the same network and a data centre.',
    json: {
      targets: [
        { name: 'phone', kind: 'device', macs_per_s: 1e10, memory_bytes: 536870912, energy_nj_per_mac: 0.1 },
        { name: 'edge', kind: 'edge', macs_per_s: 4e10, memory_bytes: 4294967296, energy_nj_per_mac: 0.4 },
        { name: 'cloud', kind: 'cloud', macs_per_s: 1e12, memory_bytes: 17179869184, energy_nj_per_mac: 0.25 },
      ],
      links: [
        { bytes_per_s: 6250000, rtt_ns: 10000000, energy_nj_per_byte: 100, encoding: 'f16' },
        { bytes_per_s: 12500000, rtt_ns: 40000000, energy_nj_per_byte: 50, encoding: 'f16' },
      ],
    },
  },
  {
    id: 'two-mcus', title: 'Two microcontrollers', about: 'A sparing one that listens all the time and a faster one that it wakes.',
    json: {
      targets: [
        { name: 'm0plus', kind: 'device', macs_per_s: 4e6, memory_bytes: 1048576, energy_nj_per_mac: 1.2 },
        { name: 'm4f', kind: 'edge', macs_per_s: 5e7, memory_bytes: 2097152, energy_nj_per_mac: 0.22 },
      ],
      links: [{ bytes_per_s: 1250000, rtt_ns: 50000, energy_nj_per_byte: 5, header_bytes: 8, encoding: 'f32' }],
    },
  },
];

export function draftOf(id: string): TargetsDraft {
  const preset = presets.find((known) => known.id === id) ?? presets[0] as Preset;
  return fromTargetsJson(preset.json);
}
