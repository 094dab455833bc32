// The table on the terminal.
import type { Comparison, MethodRow, ModelResult } from './collect.js';
import { countMet, type Results } from './results.js';

const header = ['', 'accuracy', 'change', '95 % of it', 'MACs', 'latency', 'macro-F1', 'worst class', 'exits', 'search'];

export function renderResults(results: Results): string {
  const blocks = results.models.map(renderModel);
  const goals = results.verdicts.length === 0 ? [] : [renderGoals(results)];
  const left = [...results.models.flatMap(({ title, left: some }) => some.map((one) => `${title}, ${one.title}`.concat(`: not run, ${one.why}`))),
    ...results.left.map(({ title, why }) => `${title}: not run, ${why}`)];
  return [...blocks, ...goals, ...(left.length === 0 ? [] : [left.join('\n')])].join('\n\n');
}

export function renderModel(result: ModelResult): string {
  const { rows, base } = result;
  const cells = [
    header,
    ['as it is', percent(base.accuracy), '', '', count(base.macs), time(base.meanLatencyNs), '', '', '', ''],
    ...result.methods.map((row) => [row.title, ...comparison(row, result), exits(row), searchTime(row)]),
    ...result.statics.map((row) => [row.title, ...comparison(row, result), '', '']),
  ];
  const counts = [`${rows.train} train`, `${rows.select} select`, ...(rows.certify > 0 ? [`${rows.certify} certify`] : []), `${rows.test} test rows`];
  return `${result.title}: ${counts.join(', ')}\n${aligned(cells)}`;
}

function comparison(row: Comparison, { labels }: ModelResult): string[] {
  const [low, high] = row.accuracyChange95Pp;
  const { label, changePp } = row.worstClass;
  return [
    percent(row.accuracy), `${signed(row.accuracyChangePp, 2)} pp`, `${signed(low, 2)} to ${signed(high, 2)}`, `${signed(row.macsChangePct, 1)} %`,
    `${signed(row.latencyChangePct, 1)} %`, `${signed(row.macroF1ChangePp, 2)} pp`, changePp < 0 ? `${labels[label] ?? label} ${signed(changePp, 1)}` : 'none',
  ];
}

function renderGoals({ verdicts }: Results): string {
  const { met, measured } = countMet(verdicts);
  const lines = verdicts.map(({ model, goal, seen, met: yes }) => [model, goal, seen, yes === null ? '-' : yes ? 'met' : 'missed']);
  return `${met} of ${measured} goals met\n${aligned([['', 'goal', 'measured', ''], ...lines], ['left', 'left', 'left', 'left'])}`;
}

function exits({ exits: list }: MethodRow): string {
  return list.length === 0 ? 'none' : list.map(({ rate }) => `${(100 * rate).toFixed(0)} %`).join(' + ');
}

function searchTime({ seconds }: MethodRow): string {
  return `${Object.values(seconds).reduce((sum, value) => sum + value, 0).toFixed(0)} s`;
}

function aligned(cells: readonly (readonly string[])[], sides: readonly ('left' | 'right')[] = ['left']): string {
  const widths = cells[0]?.map((_, column) => Math.max(...cells.map((row) => (row[column] as string).length))) ?? [];
  return cells.map((row) => row
    .map((cell, column) => (sides[column] === 'left' ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number)))
    .join('  ').trimEnd()).join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
const count = (macs: number): string => (macs >= 1e9 ? `${(macs / 1e9).toFixed(2)} G` : `${(macs / 1e6).toFixed(2)} M`);
const time = (ns: number): string => (ns >= 1e6 ? `${(ns / 1e6).toFixed(2)} ms` : `${(ns / 1e3).toFixed(1)} µs`);

function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : `${value < 0 ? '-' : '+'}${text}`;
}
