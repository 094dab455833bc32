// Accuracy over mean compute of all plans: the report's drawing and the page's.
import * as Plot from '@observablehq/plot';
import type { Evidence } from '../evidence.js';
import { countTick, fixed } from '../format.js';

export interface Mark {
  macs: number;
  accuracy: number;
}

// Plans that lose far more than any marked one would flatten everything that matters: at least this much is shown.
const kSpareShare = 0.35;
const kShownLoss = 0.06;

/** The part of the plane that is drawn. */
export interface View {
  low: number;
  high: number;
  macsHigh: number;
  line: Mark[];
  hidden: number;
}

export function visiblePart(e: Evidence): View {
  const marks: Mark[] = [
    { macs: e.base.macs, accuracy: e.base.accuracy },
    { macs: e.ours.meanMacs, accuracy: e.ours.accuracy },
    ...(e.paper === null ? [] : [{ macs: e.paper.meanMacs, accuracy: e.paper.accuracy }]),
    ...(e.paper?.predicted ? [{ macs: e.paper.predicted.meanMacs, accuracy: e.paper.predicted.accuracy }] : []),
  ];
  const limit = e.base.accuracy - (e.search.maxDropPp ?? 0) / 100;
  const accuracies = [...marks.map((m) => m.accuracy), limit];
  const spread = Math.max(0.03, Math.max(...accuracies) - Math.min(...accuracies));
  const low = Math.max(0, Math.min(e.base.accuracy - kShownLoss, Math.min(...accuracies) - kSpareShare * spread));
  const line = e.front.map((p) => ({ macs: p.meanMacs, accuracy: p.accuracy }));
  const shown = line.filter((p) => p.accuracy >= low);
  const high = Math.min(1, Math.max(...accuracies, ...shown.map((p) => p.accuracy)) + 0.12 * spread);
  const macsHigh = Math.max(...marks.map((m) => m.macs), ...shown.map((p) => p.macs));
  return { low, high, macsHigh, line: shown, hidden: line.length - shown.length };
}

/** `picked`: a plan that the reader has taken, drawn above the others. */
export function tradeOffPlot(e: Evidence, view: View, size: { width: number; height: number; wide: boolean }, picked?: Mark): Plot.PlotOptions {
  const limit = e.base.accuracy - (e.search.maxDropPp ?? 0) / 100;
  const at = { x: 'macs', y: 'accuracy' };
  const paper = e.paper === null ? [] : [{ macs: e.paper.meanMacs, accuracy: e.paper.accuracy }];
  const predicted = e.paper?.predicted ? [{ macs: e.paper.predicted.meanMacs, accuracy: e.paper.predicted.accuracy }] : [];
  const halo = { stroke: 'var(--page)', strokeWidth: 1.5 };
  return {
    width: size.width,
    height: size.height,
    marginLeft: 52,
    marginBottom: 40,
    marginRight: 20,
    x: { domain: [0, view.macsHigh * 1.03], label: 'mean MACs per input →', ticks: size.wide ? 7 : 4, tickFormat: countTick },
    y: { domain: [view.low, view.high], label: '↑ accuracy on test rows', ticks: 6, tickFormat: (v: number) => percentTick(v, view) },
    marks: [
      Plot.gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 6 }),
      Plot.ruleY(e.search.maxDropPp === null ? [] : [limit], { stroke: 'var(--soft)', strokeDasharray: '5 4' }),
      Plot.link(predicted.flatMap((p) => paper.map((q) => ({ x1: p.macs, y1: p.accuracy, x2: q.macs, y2: q.accuracy }))), {
        x1: 'x1', y1: 'y1', x2: 'x2', y2: 'y2', stroke: 'var(--paper)', strokeDasharray: '2 3',
      }),
      Plot.lineY(view.line, { ...at, stroke: 'var(--ours)', strokeWidth: view.line.length > 60 ? 1 : 2 }),
      Plot.dot(view.line, { ...at, r: view.line.length > 60 ? 1.5 : 2.5, fill: 'var(--ours)' }),
      Plot.dot([{ macs: e.base.macs, accuracy: e.base.accuracy }], { ...at, r: 6, symbol: 'square', fill: 'var(--base)', ...halo }),
      Plot.dot(predicted, { ...at, r: 5.5, symbol: 'triangle', fill: 'var(--page)', stroke: 'var(--paper)', strokeWidth: 2 }),
      Plot.dot(paper, { ...at, r: 6.5, symbol: 'diamond', fill: 'var(--paper)', ...halo }),
      Plot.dot([{ macs: e.ours.meanMacs, accuracy: e.ours.accuracy }], { ...at, r: 7, fill: 'var(--ours)', ...halo }),
      ...(picked === undefined ? [] : [
        Plot.ruleX([picked.macs], { stroke: 'var(--accent)', strokeOpacity: 0.5, y1: view.low, y2: picked.accuracy }),
        Plot.dot([picked], { ...at, r: 9, stroke: 'var(--accent)', strokeWidth: 2.5, fill: 'var(--page)' }),
        Plot.dot([picked], { ...at, r: 4, fill: 'var(--accent)' }),
      ]),
    ],
  };
}

const percentTick = (v: number, view: View): string => `${fixed(100 * v, view.high - view.low < 0.05 ? 1 : 0)} %`;
