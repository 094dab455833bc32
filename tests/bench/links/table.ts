// The figures of ./run bench links as text.
import { aligned } from '../terminal.js';
import type { Crossover } from './crossover.js';
import type { EncodingRow } from './encodings.js';
import type { GridPoint } from './grid.js';

export interface LinksResults {
  machine: string;
  date: string;
  grid?: GridPoint[];
  crossover?: Crossover;
  encodings?: EncodingRow[];
}

export const ratioGoal = 0.15;
export const accuracyGoalPp = 0.2;

const ms = (ns: number): string => `${(ns / 1e6).toFixed(ns < 1e7 ? 2 : 1)} ms`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const points = (pp: number): string => `${pp > 0 ? '+' : ''}${pp.toFixed(2)} pp`;

export function renderGrid(points: readonly GridPoint[]): string {
  const worst = Math.max(...points.map(({ ratio }) => Math.abs(ratio - 1)));
  return `${aligned([
    ['there and back', 'rate', 'link as measured', '', 'plan', 'cross', 'sent', 'predicted', 'measured', 'ratio'],
    ...points.map((point) => [
      `${point.rtt_ms} ms`, `${point.mbit_per_s} Mbit/s`, ms(point.link.rtt_ns), `${(point.link.bytes_per_s / 125_000).toPrecision(3)} Mbit/s`, point.mapping, percent(point.cross_rate),
      `${point.bytes} B`, ms(point.predicted_ns), ms(point.measured_ns), `${point.ratio.toFixed(3)}${Math.abs(point.ratio - 1) <= ratioGoal ? '' : ' !'}`,
    ]),
  ])}\nlargest deviation ${percent(worst)} (goal ${percent(ratioGoal)})\n`;
}

export function renderCrossover({ link, fog_macs_per_s: fog, sweep, ends_cross_at_macs_per_s: crossing, split, measured }: Crossover): string {
  const speed = (macs: number): string => `${(macs / 1e9).toFixed(3)} G`;
  const lines = [
    `over ${link.rtt_ms} ms and ${link.mbit_per_s} Mbit/s, boundaries as ${link.encoding}, the fog node at ${speed(fog)} MAC/s`,
    aligned([
      ['device, MAC/s', 'all local', 'all on the fog', 'best', 'saves', 'cross', 'where'],
      ...sweep.map((point) => {
        const end = Math.min(point.local_ns, point.remote_ns);
        return [speed(point.device_macs_per_s), ms(point.local_ns), ms(point.remote_ns), ms(point.best_ns), percent(1 - point.best_ns / end), percent(point.cross_rate), point.mapping];
      }),
    ]),
    `all local and all on the fog take equally long at ${speed(crossing)} MAC/s`,
    split === null ? 'a split plan beats both ends at none of these speeds' : `a split plan beats both ends from ${speed(split.from)} to ${speed(split.to)} MAC/s`,
  ];
  const { predicted } = measured;
  lines.push(aligned([
    [`measured at ${speed(measured.device_macs_per_s)} MAC/s`, 'predicted', 'measured'],
    ['all local', ms(predicted.local_ns), ms(measured.local_ns)], ['all on the fog', ms(predicted.remote_ns), ms(measured.remote_ns)],
    [`best: ${predicted.mapping}`, ms(predicted.best_ns), ms(measured.best_ns)],
  ]));
  return `${lines.join('\n')}\n`;
}

export function renderEncodings(rows: readonly EncodingRow[]): string {
  return `${aligned([
    ['task', 'rows', 'cross', 'accuracy, f32', 'link', 'bytes', 'change', 'other answers'],
    ...rows.flatMap((row) => row.encodings.map(({ encoding, bytes, accuracy_change_pp: change, changed }) => [
      row.task, String(row.rows), percent(row.cross_rate), percent(row.accuracy), encoding, String(bytes), `${points(change)}${change < -accuracyGoalPp ? ' !' : ''}`, String(changed),
    ])),
  ])}\n(goal: no more than ${accuracyGoalPp} pp lost)\n`;
}
