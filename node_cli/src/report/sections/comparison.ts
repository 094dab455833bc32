// Offramp's plan beside the one that the paper's method makes from the same heads.
import { changeInterval, type Evidence, type Plan } from '../evidence.js';
import { changePercent, changePoints, decimal, fixed, kNone, latency, macs, percent, points, shorten } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';

export function comparison(e: Evidence): Html {
  if (e.paper === null)
    return html`<section id="comparison"><h2>Beside the paper's method</h2><p class="soft">The paper's method was not run.</p></section>`;
  return html`<section id="comparison"><h2>Beside the paper's method</h2>
    <p>The method that Offramp builds on (Sponner et al. 2024, arXiv 2403.07957) takes exits for independent of each other, picks among 13
      thresholds by a weighted sum, and uses uncalibrated confidences. Here it was run on the same backbone, with its own kind of head.${said(e)}</p>
    ${table(e, e.paper)}</section>`;
}

function said(e: Evidence): HtmlValue {
  const predicted = e.paper?.predicted;
  if (!e.paper || !predicted) return '';
  const gap = 100 * (e.paper.accuracy - predicted.accuracy);
  if (Math.abs(gap) < 0.05) return ' Its prediction of its own accuracy came true.';
  return html` It expected ${percent(predicted.accuracy)} accuracy of itself and reached ${percent(e.paper.accuracy)}: its prediction was
    ${points(Math.abs(gap), 1)} too ${gap < 0 ? 'high' : 'low'}.`;
}

function table(e: Evidence, paper: Plan): Html {
  const { base, ours } = e;
  const predicted = paper.predicted;
  const row = (name: string, ofBase: string, of: (plan: Plan) => HtmlValue, ofPredicted: string = kNone): Html =>
    html`<tr><th>${name}</th><td class="number">${ofBase}</td><td class="number">${of(ours)}</td><td class="number">${of(paper)}</td>${
      predicted === null ? '' : html`<td class="number">${ofPredicted}</td>`
    }</tr>`;
  const packaged = (which: Evidence['packaged']): string => (e.packaged === which ? ' (packaged)' : '');
  return html`<div class="scroll"><table class="compact">
    <thead><tr><th></th><th class="number">Backbone</th><th class="number">Offramp${packaged('plan')}</th>
      <th class="number">Paper's method${packaged('paper_method')}</th>${predicted === null ? '' : html`<th class="number">as it predicted</th>`}</tr></thead>
    <tbody>
      ${row('Accuracy', percent(base.accuracy, 2), (p) => percent(p.accuracy, 2), predicted ? percent(predicted.accuracy, 2) : kNone)}
      ${row('Accuracy, change', kNone, (p) => changePoints(p.accuracyChangePp))}
      ${row('95 % interval of that', kNone, (p) => changeRange(p, e.rows.test))}
      ${row('Harm', kNone, (p) => points(p.harmPp))}
      ${row('Macro F1, change', kNone, (p) => changePoints(p.macroF1ChangePp))}
      ${row('Worst class, change of recall', kNone, (p) => changePoints(worst(p)))}
      ${row('Mean compute', macs(base.macs), (p) => macs(p.meanMacs), predicted ? macs(predicted.meanMacs) : kNone)}
      ${row('Mean compute, change', kNone, (p) => changePercent(p.meanMacsChangePct), predicted ? changePercent(predicted.meanMacsChangePct ?? 100 * (predicted.meanMacs / base.macs - 1)) : kNone)}
      ${row('Mean latency', latency(base.meanLatencyNs), (p) => (p.meanLatencyNs === null ? 'not run' : latency(p.meanLatencyNs)))}
      ${row('Answered early', kNone, (p) => percent(1 - p.baseRate))}
      ${row('Exits (threshold)', 'none', exitList)}
    </tbody></table></div>`;
}

function changeRange(plan: Plan, rows: number | null): string {
  const range = changeInterval(plan, rows);
  return range === null ? kNone : `${fixed(range[0], 2)} to ${fixed(range[1], 2)}\u00a0pp`;
}

function worst(plan: Plan): number | null {
  const known = plan.recallChangePp.filter((pp): pp is number => pp !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function exitList(plan: Plan): HtmlValue {
  if (plan.exits.length === 0) return 'none';
  return plan.exits.map((exit, i) => html`${i === 0 ? '' : html`<br>`}<span class="name">${shorten(exit.at, 22)}</span> (${decimal(exit.threshold, 2)})`);
}
