// What the scale run prints: time and memory by step, and the totals beside their goals.
import type { Measured } from './augmentation.js';

/** The goals for 5,000 rows on two threads. */
export const goals = { seconds: 30 * 60, bytes: 2e9 };

export interface Summary {
  seconds: number;
  peakBytes: number;
  heapBytes: number;
  /** Multiply-accumulates per second of the backbone while features are extracted. */
  extractMacsPerSecond: number;
}

export function summarise({ request, macs, steps }: Measured): Summary {
  const rows = request.rows.train + request.rows.select + request.rows.test;
  const extract = steps.filter(({ name }) => name === 'load' || name === 'extract').reduce((sum, { seconds }) => sum + seconds, 0);
  return {
    seconds: steps.reduce((sum, { seconds }) => sum + seconds, 0),
    peakBytes: Math.max(...steps.map(({ peakBytes }) => peakBytes)),
    heapBytes: Math.max(...steps.map(({ heapBytes }) => heapBytes)),
    extractMacsPerSecond: (macs * rows) / extract,
  };
}

export function renderScale(measured: Measured): string {
  const { request, report, steps } = measured;
  const { rows, threads, shape } = request;
  const summary = summarise(measured);
  const layers = 3 * shape.blocks.reduce((sum, count) => sum + count, 0) + 2;
  const cells = [
    ['step', 'time', 'peak of the process', "module's heap"],
    ...steps.map(({ name, seconds, peakBytes, heapBytes }) => [name, time(seconds), megabytes(peakBytes), megabytes(heapBytes)]),
    ['all', time(summary.seconds), megabytes(summary.peakBytes), megabytes(summary.heapBytes)],
  ];
  const { plan, base } = report;
  return [
    `ResNet-${layers} at ${shape.side}x${shape.side}: ${(measured.macs / 1e9).toFixed(2)} GMACs, ${(measured.parameters / 1e6).toFixed(1)} M parameters, ${report.search.exit_points} exit points`,
    `${rows.train} train, ${rows.select} select and ${rows.test} test rows on ${threads} thread${threads === 1 ? '' : 's'}`,
    '', aligned(cells), '',
    `features at ${(summary.extractMacsPerSecond / 1e9).toFixed(1)} GMAC/s`,
    `plan: ${plan.exits.length} exits, ${signed(plan.mean_macs_change_pct)} % MACs at ${signed(plan.accuracy_change_pp)} pp (base ${(100 * base.accuracy).toFixed(1)} %)`,
  ].join('\n');
}

/** Of a run with all rows on two threads; others say nothing about the goals. */
export function renderGoals(measured: Measured): string {
  const { seconds, peakBytes } = summarise(measured);
  const line = (name: string, seen: string, goal: string, met: boolean): string[] => [name, seen, `goal ${goal}`, met ? 'met' : 'missed'];
  return aligned([
    line('whole search', time(seconds), time(goals.seconds), seconds <= goals.seconds),
    line('memory', megabytes(peakBytes), megabytes(goals.bytes), peakBytes <= goals.bytes),
  ]);
}

function aligned(cells: readonly (readonly string[])[]): string {
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => (row[column] as string).length))) ?? [];
  return cells.map((row) => row
    .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number)))
    .join('  ')).join('\n');
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
const signed = (value: number): string => `${value > 0 ? '+' : ''}${value.toFixed(1)}`;

function time(seconds: number): string {
  return seconds >= 60 ? `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s` : `${seconds.toFixed(1)} s`;
}
