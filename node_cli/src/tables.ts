// Aligned text tables and the numbers in them, for people.
import type { Terminal } from './io.js';

export type Alignment = 'left' | 'right';

/** Columns as wide as their widest cell; two spaces between. */
export function table(rows: readonly (readonly string[])[], alignments: readonly Alignment[]): string {
  const widths = alignments.map((_, column) => Math.max(...rows.map((row) => displayWidth(row[column] ?? ''))));
  return rows.map((row) => alignments.map((alignment, column) => {
    const cell = row[column] ?? '';
    const gap = ' '.repeat((widths[column] as number) - displayWidth(cell));
    return alignment === 'left' ? cell + gap : gap + cell;
  }).join('  ').trimEnd()).join('\n');
}

function displayWidth(text: string): number {
  return [...text].length;
}

export function heading(text: string, terminal: Terminal): string {
  return terminal.color ? `\x1b[1m${text}\x1b[0m` : text;
}

/** Text from models, packages and data: cut short, and free of control characters. */
export function safe(text: string, longest = 48): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
  return clean.length > longest ? `${clean.slice(0, longest - 3)}...` : clean;
}

type Maybe = number | null | undefined;
const shown = (value: Maybe, format: (value: number) => string): string =>
  value === null || value === undefined || !Number.isFinite(value) ? '-' : format(value);
const sign = (value: number, digits: number): string => {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '-' : '+'}${text}`;
};

export const percent = (share: Maybe): string => shown(share, (value) => `${(value * 100).toFixed(2)} %`);
export const points = (value: Maybe): string => shown(value, (pp) => `${pp.toFixed(2)} pp`);
export const signedPoints = (value: Maybe): string => shown(value, (pp) => `${sign(pp, 2)} pp`);
export const signedPercent = (value: Maybe): string => shown(value, (pct) => `${sign(pct, 1)} %`);
export const count = (value: Maybe): string => shown(value, (number) => Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, ','));
export const macs = (value: Maybe): string => shown(value, (number) =>
  number >= 1e9 ? `${(number / 1e9).toFixed(2)} G` : number >= 1e6 ? `${(number / 1e6).toFixed(2)} M` : number >= 1e3 ? `${(number / 1e3).toFixed(1)} k` : number.toFixed(0));
export const duration = (ns: Maybe): string => shown(ns, (value) =>
  value >= 1e9 ? `${(value / 1e9).toFixed(2)} s` : value >= 1e6 ? `${(value / 1e6).toFixed(2)} ms` : `${(value / 1e3).toFixed(1)} µs`);
/** Bits per second, as links are called. */
export const rate = (bytesPerS: Maybe): string => shown(bytesPerS, (value) => `${(value * 8 / 1e6).toPrecision(3)} Mbit/s`);
export const threshold = (value: Maybe): string => shown(value, (number) => number.toPrecision(4));

/** A small bar for a share of 0 to 1, in eighths of a cell. */
export function bar(share: Maybe, cells = 10): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share ?? 0)) * cells * 8);
  return '█'.repeat(eighths >> 3) + (['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7] ?? '');
}

export function changePercent(base: Maybe, now: Maybe): number | null {
  return typeof base === 'number' && typeof now === 'number' && base > 0 ? 100 * (now / base - 1) : null;
}
