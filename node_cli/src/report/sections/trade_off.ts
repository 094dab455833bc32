// Accuracy over mean compute: the whole front, what was chosen from it, and the paper's method promised and kept.
import { chart, kWide, legend, plotSvg, type Symbol } from '../chart.js';
import type { Evidence, FrontPlan } from '../evidence.js';
import { changePercent, changePoints, count, percent, plainPoints, points, shorten } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';
import { tradeOffPlot, visiblePart } from '../plots/trade_off_plot.js';

const kMostTableRows = 200;

export function tradeOff(e: Evidence): Html {
  const view = visiblePart(e);
  const caption = html`Accuracy on the test rows over mean multiply-accumulates per input, heads included. Each point of the line is a
    plan that was best on the rows it was chosen on; here it is shown on rows it has never seen, so the line may wobble.${
      view.hidden > 0 ? ` ${view.hidden} cheaper plans with lower accuracy are left out of the drawing.` : ''
    }`;
  return html`<section id="trade-off"><h2>What accuracy costs</h2>
    <p>Every plan trades compute for accuracy. Up and to the left is better.</p>
    ${chart(caption, legend(keys(e)), (width) => plotSvg('Accuracy over mean compute of all plans',
      tradeOffPlot(e, view, { width, height: width === kWide ? 400 : 300, wide: width === kWide })))}
    ${frontTable(e)}</section>`;
}

function keys(e: Evidence): (readonly [Symbol, string, HtmlValue])[] {
  const items: (readonly [Symbol, string, HtmlValue])[] = [];
  if (e.front.length > 0) items.push(['line', 'ours', 'Offramp: all best plans']);
  items.push(['dot', 'ours', html`Offramp's choice (${changePercent(e.ours.meanMacsChangePct)}, ${changePoints(e.ours.accuracyChangePp)})`]);
  items.push(['square', 'base', 'backbone alone']);
  if (e.paper !== null) {
    items.push(['diamond', 'paper', html`paper's method, measured (${changePercent(e.paper.meanMacsChangePct)}, ${changePoints(e.paper.accuracyChangePp)})`]);
    if (e.paper.predicted !== null) items.push(['triangle', 'paper', "paper's method, as it predicted itself"]);
  }
  if (e.search.maxDropPp !== null) items.push(['dash', 'soft', html`${plainPoints(e.search.maxDropPp)} below the backbone: the most you allow`]);
  return items;
}

function frontTable(e: Evidence): HtmlValue {
  if (e.front.length === 0) return html`<p class="soft">The package does not hold the other plans.</p>`;
  const shown = e.front.slice(0, kMostTableRows);
  return html`<details><summary>All ${e.front.length} plans of the line</summary><div class="scroll"><table>
    <thead><tr><th class="number">Mean MACs</th><th class="number">Change</th><th class="number">Accuracy</th><th class="number">Harm</th>
      <th class="number">Harm where chosen</th><th>Exits after</th></tr></thead>
    <tbody>${shown.map((plan) => frontRow(plan, e.base.macs))}</tbody></table></div>${
      shown.length < e.front.length ? html`<p class="soft">Only the first ${shown.length} are listed.</p>` : ''
    }</details>`;
}

function frontRow(plan: FrontPlan, baseMacs: number): Html {
  const exits = plan.exits.map((at) => html`<span class="name">${shorten(at, 32)}</span>`);
  return html`<tr><td class="number">${count(plan.meanMacs)}</td><td class="number">${changePercent(100 * (plan.meanMacs / baseMacs - 1))}</td>
    <td class="number">${percent(plan.accuracy, 2)}</td><td class="number">${points(plan.harmPp)}</td>
    <td class="number">${points(plan.selectHarmPp)}</td>
    <td>${exits.length === 0 ? 'none' : exits.map((exit, i) => html`${i === 0 ? '' : ', '}${exit}`)}</td></tr>`;
}
