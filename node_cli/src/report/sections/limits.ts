// What the figures do not say, told before somebody finds out.
import type { Evidence } from '../evidence.js';
import { integer, percent } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';

const kFewRows = 1000;

export function limits(e: Evidence): Html {
  const { test, select } = e.rows;
  const said: HtmlValue[] = [certificate(e), ...e.remarks.map(sentence)];
  if (test !== null && test < kFewRows)
    said.push(`Only ${integer(test)} test rows: one row is ${percent(1 / Math.max(1, test), 2)} of the accuracy, so small differences mean little.`);
  if (select !== null && select < kFewRows)
    said.push(`Thresholds were chosen on ${integer(select)} rows. With so few, the next data may behave differently from these.`);
  const absent = e.plan.recallChangePp.filter((pp) => pp === null).length;
  if (absent > 0) said.push(`${absent === 1 ? 'One class has' : `${integer(absent)} classes have`} no test rows; nothing is known about ${absent === 1 ? 'it' : 'them'}.`);
  said.push('All figures assume that future inputs look like the test rows. On other data an exit may be sure and wrong: measure again with offramp evaluate.');
  said.push('Whether the backbone was trained on some of these rows cannot be seen from here. If it was, exits look better than they are.');
  if (e.plan.meanLatencyNs === null) said.push('Latency was not measured; fewer multiply-accumulates do not always mean proportionally less time.');
  return html`<section id="limits"><h2>What this does not say</h2><ul class="limits">${said.map((s) => html`<li>${s}</li>`)}</ul></section>`;
}

/** What the search remarked on data and model. */
const sentence = (remark: string): string => `${remark.slice(0, 1).toUpperCase()}${remark.slice(1)}.`;

function certificate(e: Evidence): HtmlValue {
  if (e.plan.certificate === null && e.search.certifyPlain !== null) return html`<strong>Certificate: none.</strong> It was asked for; the remarks say why there is none.`;
  const plain = e.plan.certificate?.find(([key]) => key === 'plain')?.[1];
  if (plain !== undefined) return html`<strong>Certificate:</strong> ${plain}.`;
  if (e.plan.certificate === null)
    return html`<strong>Certificate: none asked for.</strong> ${
      e.packaged === 'plan' && e.search.maxDropPp !== null ? 'The limit was kept on the rows that plans were chosen on; nothing guarantees it elsewhere.' : 'Nothing limits what the exits may lose elsewhere.'
    }`;
  return html`<strong>Certificate</strong>, valid for inputs drawn like the certify rows: ${e.plan.certificate.map(
    ([key, value], i) => html`${i === 0 ? '' : ', '}${key.replaceAll('_', ' ')} ${value}`,
  )}.`;
}
