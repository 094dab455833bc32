// The table on the terminal: one block per model and host.
import type { ModelResult, Row } from './results.js';
import type { Spread } from './statistics.js';

export function renderTable(rows: readonly Row[], result: ModelResult): string {
  const cells = [
    ['', 'median', 'p10 to p90', 'against offramp', 'first result'],
    ...rows.map((row) => [
      row.id, time(row.time.median), `${time(row.time.p10)} to ${time(row.time.p90)}`, ratio(row.ratio),
      row.firstResult === undefined ? '-' : time(row.firstResult.median),
    ]),
  ];
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => (row[column] as string).length))) ?? [];
  const lines = cells.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number))).join('  ').trimEnd());
  const missing = result.notCovered.map(({ id, why }) => `${id}: not run (${why})`);
  return [`${result.title}, ${result.host}`, ...lines, ...missing].join('\n');
}

function time(ns: number): string {
  return ns >= 1e9 ? `${(ns / 1e9).toFixed(2)} s` : ns >= 1e6 ? `${(ns / 1e6).toFixed(2)} ms` : `${(ns / 1e3).toFixed(1)} µs`;
}

function ratio(value: Spread | undefined): string {
  return value === undefined ? '-' : `${value.median.toFixed(2)} x`;
}
