// The tables on the terminal: one block per model and host, and the ratios of all at the end.
import { compare, type BenchResults, type ModelResult, type Row } from './results.js';
import type { Spread } from './statistics.js';

export function renderTable(rows: readonly Row[], result: ModelResult): string {
  const cells = [
    ['', 'median', 'p10 to p90', 'against offramp', 'first result'],
    ...rows.map((row) => [
      row.id, time(row.time.median), `${time(row.time.p10)} to ${time(row.time.p90)}`, ratio(row.ratio),
      row.firstResult === undefined ? '-' : time(row.firstResult.median),
    ]),
  ];
  const missing = result.notCovered.map(({ id, why }) => `${id}: not run (${why.length > 100 ? `${why.slice(0, 97)}...` : why})`);
  return [`${result.title}, ${result.host}`, aligned(cells), ...missing].join('\n');
}

/** How many times as fast as the others Offramp is, and how far from the bare runner. */
export function renderComparison(results: BenchResults): string {
  const lines = results.models.flatMap(compare).map(({ title, host, threads, ours, slower, overBare, firstResult }) => [
    `${title}, ${host}`, String(threads), time(ours.time.median), times(slower['onnxruntime-web']), times(slower.tfjs), times(overBare), times(firstResult),
  ]);
  return aligned([['', 'threads', 'offramp', 'ort / offramp', 'tfjs / offramp', 'offramp / bare', 'first result, ort / offramp'], ...lines]);
}

export function aligned(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => (row[column] as string).length))) ?? [];
  return cells.map((row) => row
    .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number)))
    .join('  ').trimEnd()).join('\n');
}

const times = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(2)} x`);

function time(ns: number): string {
  return ns >= 1e9 ? `${(ns / 1e9).toFixed(2)} s` : ns >= 1e6 ? `${(ns / 1e6).toFixed(2)} ms` : `${(ns / 1e3).toFixed(1)} µs`;
}

function ratio(value: Spread | undefined): string {
  return value === undefined ? '-' : `${value.median.toFixed(2)} x`;
}
