// Figures of targets and links with units, and the ends of their sliders.
import { count, fixed, latency } from 'offramp/report/format';

export const ranges = {
  macsPerS: [1e6, 1e13], memoryBytes: [2 ** 16, 2 ** 36], bytesPerS: [1e3, 1.25e9], rttNs: [1e4, 1e9], limitNs: [1e5, 1e10],
} as const satisfies Record<string, readonly [number, number]>;

export const speed = (macsPerS: number): string => `${count(macsPerS)}\u00a0MACs/s`;

export function bytes(value: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let [size, unit] = [value, 0];
  while (size >= 1024 && unit < units.length - 1) [size, unit] = [size / 1024, unit + 1];
  return `${fixed(size, unit === 0 || size >= 100 ? 0 : 1).replace(/\.0$/, '')}\u00a0${units[unit]}`;
}

/** As networks are sold: bits, in powers of ten. */
export function bandwidth(bytesPerS: number): string {
  const bits = bytesPerS * 8;
  const [size, unit] = bits >= 1e9 ? [1e9, 'Gbit/s'] : bits >= 1e6 ? [1e6, 'Mbit/s'] : [1e3, 'kbit/s'];
  const value = bits / size;
  return `${fixed(value, value >= 100 ? 0 : 1).replace(/\.0$/, '')}\u00a0${unit}`;
}

export { latency };

/** How long so many MACs take there. */
export const timeFor = (macs: number, macsPerS: number): string => latency((macs / macsPerS) * 1e9);
