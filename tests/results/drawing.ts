// Change in accuracy over saved compute, one small drawing per model.
import * as Plot from '@observablehq/plot';
import { plotSvg } from 'offramp/report/chart';
import { fixed } from 'offramp/report/format';
import type { Html } from 'offramp/report/html';
import type { Comparison, ModelResult } from './collect.js';

interface Point {
  saved: number;
  change: number;
  low: number;
  high: number;
  label: string;
}

/** What loses more stands at the lower edge with its number, so that it does not flatten the rest. */
const mostLossPp = 6;
const labels: Partial<Record<string, string>> = { 'harm_0.5': '0.5', harm_1: '1', harm_2: '2', 'accuracy_0.5': 'acc. 0.5', accuracy_1: 'acc. 1', class_2: 'class', certified: 'cert.' };

export function drawTradeOff(model: ModelResult): Html {
  const pick = (...ids: string[]): Point[] => model.methods.filter(({ method }) => ids.includes(method)).map((row) => point(row, labels[row.method] ?? ''));
  const groups = { ours: pick('harm_0.5', 'harm_1', 'harm_2'), others: pick('accuracy_0.5', 'accuracy_1', 'class_2', 'certified'), paper: pick('paper'), statics: model.statics.map((row) => point(row, '')) };
  const all = Object.values(groups).flat();
  const low = Math.max(-mostLossPp, Math.min(-1.6, ...all.map((one) => one.low)));
  const high = Math.max(0.6, ...all.map((one) => one.high));
  const inside = (points: Point[]): Point[] => points.map((one) => ({ ...one, change: Math.max(low, one.change), low: Math.max(low, one.low), high: Math.max(low, one.high) }));
  const below = all.filter(({ change }) => change < low).map((one) => ({ ...one, label: `${fixed(one.change, 1)} pp` }));
  const at = { x: 'saved', y: 'change' };
  const halo = { stroke: 'var(--page)', strokeWidth: 1.5 };
  const whiskers = (points: Point[], colour: string) => Plot.link(inside(points), { x1: 'saved', x2: 'saved', y1: 'low', y2: 'high', stroke: `var(--${colour})`, strokeOpacity: 0.55, strokeWidth: 1.5 });
  return plotSvg(`Change in accuracy over saved MACs: ${model.title}`, {
    width: 340,
    height: 270,
    marginLeft: 44,
    marginRight: 16,
    marginTop: 26,
    marginBottom: 36,
    x: { domain: [Math.min(0, ...all.map(({ saved }) => saved)), 100], label: 'MACs saved →', ticks: 5, tickFormat: (value: number) => `${fixed(value, 0)} %` },
    y: { domain: [low - 0.05 * (high - low), high], label: '↑ accuracy, change in pp', ticks: 5, tickFormat: (value: number) => (value > 0 ? `+${fixed(value, 1)}` : fixed(value, 1)) },
    marks: [
      Plot.gridX({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 5 }),
      Plot.gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 5 }),
      Plot.ruleY([0], { stroke: 'var(--soft)' }),
      Plot.ruleY([-1], { stroke: 'var(--soft)', strokeDasharray: '5 4' }),
      whiskers(groups.statics, 'base'), whiskers(groups.paper, 'paper'), whiskers(groups.others, 'exit1'), whiskers(groups.ours, 'ours'),
      Plot.dot(inside(groups.statics), { ...at, r: 4.5, symbol: 'square', stroke: 'var(--base)', strokeWidth: 1.75, fill: 'var(--page)' }),
      Plot.dot(inside(groups.paper), { ...at, r: 6, symbol: 'diamond', fill: 'var(--paper)', ...halo }),
      Plot.dot(inside(groups.others), { ...at, r: 5, stroke: 'var(--exit1)', strokeWidth: 2, fill: 'var(--page)' }),
      Plot.dot(inside(groups.ours), { ...at, r: 5.5, fill: 'var(--ours)', ...halo }),
      Plot.text([...inside(groups.ours), ...inside(groups.others)], { ...at, text: 'label', dx: 8, dy: -8, textAnchor: 'start', fill: 'var(--text)', fontSize: 11 }),
      Plot.text(below.map((one) => ({ ...one, change: low })), { ...at, text: 'label', dy: -13, fill: 'var(--text)', fontSize: 11 }),
    ],
  });
}

function point(row: Comparison, label: string): Point {
  const [low, high] = row.accuracyChange95Pp;
  return { saved: -row.macsChangePct, change: row.accuracyChangePp, low, high, label };
}
