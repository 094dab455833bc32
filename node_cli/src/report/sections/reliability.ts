// Does a confidence of 80 % mean right in 80 % of cases? Per exit, before and after calibration.
import { legend, plotSvg } from '../chart.js';
import type { Evidence } from '../evidence.js';
import { decimal, integer, percent, shorten } from '../format.js';
import { html, type Html } from '../html.js';
import { headName } from '../names.js';
import { reliabilityPlot } from '../plots/reliability_plot.js';

const kSide = 320;

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
  return html`<figure><h3>Exit ${i + 1} <span class="soft name">${shorten(r.at, 30)}</span></h3>${
    plotSvg(`Reliability of exit ${i + 1} before and after calibration`, reliabilityPlot(r.before, r.after, kSide))}
    <figcaption>Mean gap to the diagonal ${percent(r.before.expectedError)} before, ${percent(r.after.expectedError)} after, at
      temperature ${decimal(r.after.temperature, 2)}. All ${integer(rows)} test rows, ${
        r.head === null ? '' : html`head: ${headName(r.head)}, `
      }larger dots stand for more rows.</figcaption></figure>`;
}
