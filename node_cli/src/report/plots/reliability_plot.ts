// How often an exit is right by how sure it says it is, before and after calibration: the report's drawing and the page's.
import * as Plot from '@observablehq/plot';
import type { Calibration } from '../evidence.js';

const kNarrow = 280; // labels of five ticks would touch

/** Nearly a square: `side` is its width. */
export function reliabilityPlot(before: Calibration, after: Calibration, side: number): Plot.PlotOptions {
  const at = { x: 'confidence', y: 'accuracy' };
  const ticks = side < kNarrow ? 2 : 5;
  const percentTick = (v: number): string => `${Math.round(100 * v)} %`;
  return {
    width: side,
    height: side - 10,
    marginLeft: 48,
    marginRight: 14,
    marginTop: 30,
    marginBottom: 38,
    x: { domain: [0, 1], label: 'confidence →', ticks, tickFormat: percentTick },
    y: { domain: [0, 1], label: '↑ share that is right', ticks, tickFormat: percentTick },
    r: { range: [2, 8] },
    marks: [
      Plot.gridX({ stroke: 'var(--grid)', strokeOpacity: 1, ticks }),
      Plot.gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks }),
      Plot.line([[0, 0], [1, 1]], { stroke: 'var(--soft)', strokeDasharray: '5 4' }),
      Plot.line(before.bins, { ...at, stroke: 'var(--paper)', strokeWidth: 1.5 }),
      Plot.line(after.bins, { ...at, stroke: 'var(--ours)', strokeWidth: 2 }),
      Plot.dot(before.bins, { ...at, r: 'rows', stroke: 'var(--paper)', strokeWidth: 1.5, fill: 'var(--page)' }),
      Plot.dot(after.bins, { ...at, r: 'rows', fill: 'var(--ours)', stroke: 'var(--page)', strokeWidth: 1 }),
    ],
  };
}
