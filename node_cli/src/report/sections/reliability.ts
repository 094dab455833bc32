// Does a confidence of 80 % mean right in 80 % of cases? Per exit, before and after calibration.
import * as Plot from '@observablehq/plot';
import { legend, plotSvg } from '../chart.js';
import type { Calibration, Evidence } from '../evidence.js';
import { decimal, integer, percent, shorten } from '../format.js';
import { html, type Html } from '../html.js';
import { headName } from '../names.js';

const kSide = 300;

export function reliability(e: Evidence): Html {
  const body =
    e.reliability.length === 0
      ? html`<p class="soft">The package has no exits with confidences to show.</p>`
      : html`<p>A calibrated exit that says “80&nbsp;% sure” is right in 80&nbsp;% of such cases: its points lie on the diagonal. Below it,
          an exit claims more than it keeps. One number per exit, the temperature, was fitted on held-out rows to straighten this;
          thresholds act on the calibrated confidence.</p>
        ${legend([['ring', 'paper', 'before calibration'], ['dot', 'ours', 'after calibration'], ['dash', 'soft', 'perfect']])}
        <div class="panels">${e.reliability.map((r, i) => panel(r, i))}</div>`;
  return html`<section id="reliability"><h2>Can the confidences be trusted?</h2>${body}</section>`;
}

function panel(r: Evidence['reliability'][number], i: number): Html {
  const rows = r.after.bins.reduce((sum, bin) => sum + bin.rows, 0);
  return html`<figure><h3>Exit ${i + 1} <span class="soft name">${shorten(r.at, 30)}</span></h3>${draw(r.before, r.after, i)}
    <figcaption>Mean gap to the diagonal ${percent(r.before.expectedError)} before, ${percent(r.after.expectedError)} after, at
      temperature ${decimal(r.after.temperature, 2)}. All ${integer(rows)} test rows, ${
        r.head === null ? '' : html`head: ${headName(r.head)}, `
      }larger dots stand for more rows.</figcaption></figure>`;
}

function draw(before: Calibration, after: Calibration, i: number): Html {
  const at = { x: 'confidence', y: 'accuracy' };
  const percentTick = (v: number): string => `${Math.round(100 * v)} %`;
  return plotSvg(`Reliability of exit ${i + 1} before and after calibration`, {
    width: kSide + 20,
    height: kSide + 10,
    marginLeft: 48,
    marginRight: 14,
    marginTop: 30,
    marginBottom: 38,
    x: { domain: [0, 1], label: 'confidence →', ticks: 5, tickFormat: percentTick },
    y: { domain: [0, 1], label: '↑ share that is right', ticks: 5, tickFormat: percentTick },
    r: { range: [2, 8] },
    marks: [
      Plot.gridX({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 5 }),
      Plot.gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 5 }),
      Plot.line([[0, 0], [1, 1]], { stroke: 'var(--soft)', strokeDasharray: '5 4' }),
      Plot.line(before.bins, { ...at, stroke: 'var(--paper)', strokeWidth: 1.5 }),
      Plot.line(after.bins, { ...at, stroke: 'var(--ours)', strokeWidth: 2 }),
      Plot.dot(before.bins, { ...at, r: 'rows', stroke: 'var(--paper)', strokeWidth: 1.5, fill: 'var(--page)' }),
      Plot.dot(after.bins, { ...at, r: 'rows', fill: 'var(--ours)', stroke: 'var(--page)', strokeWidth: 1 }),
    ],
  });
}
