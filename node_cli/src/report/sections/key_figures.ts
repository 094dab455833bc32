// Tiles: before and after, in five numbers.
import type { Evidence } from '../evidence.js';
import { changePercent, changePoints, count, integer, interval, latency, percent, plainPoints, points } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';

const tile = (name: string, value: string, note: HtmlValue): Html =>
  html`<div class="tile"><dt>${name}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`;

export function keyFigures(e: Evidence): Html {
  const { base, plan } = e;
  const latencyChange =
    plan.meanLatencyNs === null || base.meanLatencyNs === null || base.meanLatencyNs <= 0
      ? null
      : 100 * (plan.meanLatencyNs / base.meanLatencyNs - 1);
  const harmed = plan.harmPp === null || e.rows.test === null ? null : Math.round((plan.harmPp / 100) * e.rows.test);
  return html`<dl class="tiles">
    ${tile('Accuracy', percent(plan.accuracy, 2), html`${changePoints(plan.accuracyChangePp)}; backbone ${percent(base.accuracy, 2)}${
      plan.accuracy95 === null ? '' : html`<br>95&nbsp;% interval ${interval(plan.accuracy95)}`
    }`)}
    ${tile('Answered early', percent(1 - plan.baseRate), plan.exits.length === 0 ? 'the plan has no exit' : html`by ${exitWord(plan.exits.length)}; the rest by the backbone`)}
    ${tile('Mean compute', count(plan.meanMacs), html`MACs per input, ${changePercent(plan.meanMacsChangePct)}; backbone ${count(base.macs)}`)}
    ${tile('Mean latency', latency(plan.meanLatencyNs), latencyNote(plan.meanLatencyNs, base.meanLatencyNs, latencyChange))}
    ${tile('Harm', points(plan.harmPp), html`${harmed === null ? '' : `${integer(harmed)} rows the backbone gets right and an exit wrong; `}${
      e.search.maxDropPp === null ? '' : `limit ${plainPoints(e.search.maxDropPp)}`
    }`)}
  </dl>`;
}

const exitWord = (n: number): string => (n === 1 ? 'one exit' : n === 2 ? 'two exits' : `${n} exits`);

function latencyNote(after: number | null, before: number | null, change: number | null): string {
  if (after === null) return 'not measured';
  if (before === null) return 'measured; the backbone was not';
  return `${changePercent(change)}; backbone ${latency(before)}`;
}
