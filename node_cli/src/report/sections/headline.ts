// What the package does, in one breath, and whether it kept its promise on rows that nothing was chosen on.
import { changeInterval, type Evidence } from '../evidence.js';
import { fixed, integer, latency, percent, plainPoints, points } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';

const kWord = 'multiply-accumulates';

export function headline(e: Evidence): Html {
  return html`<h1>${e.name === null ? '' : html`${e.name} · `}early-exit report</h1>
    <p class="lead">${lead(e)}</p>
    <p>${detail(e)}</p>
    ${broken(e)}`;
}

function saving(changePct: number): Html {
  const much = html`<em>${fixed(Math.abs(changePct), 1)}&nbsp;%</em>`;
  if (Math.abs(changePct) < 0.05) return html`as many ${kWord}`;
  return changePct < 0 ? html`${much} fewer ${kWord}` : html`${much} more ${kWord}`;
}

function change(pp: number): Html {
  if (Math.abs(pp) < 0.005) return html`at the same accuracy`;
  return html`and ${pp < 0 ? 'loses' : 'gains'} <em>${points(Math.abs(pp))}</em> of accuracy`;
}

function lead(e: Evidence): Html {
  const early = 1 - e.plan.baseRate;
  if (e.plan.exits.length === 0)
    return html`No early exit saves enough within what you allow to lose, so your model runs as it is.`;
  return html`Your model answers <em>${percent(early)}</em> of inputs early. It spends ${saving(e.plan.meanMacsChangePct)} ${change(e.plan.accuracyChangePp)}.`;
}

function detail(e: Evidence): HtmlValue[] {
  const rows = e.rows.test === null ? 'test rows' : `${integer(e.rows.test)} rows`;
  const sentences: HtmlValue[] = [];
  const interval = e.plan.exits.length === 0 ? null : changeInterval(e.plan, e.rows.test);
  if (interval !== null)
    sentences.push(html`95&nbsp;% interval of the accuracy change: ${fixed(interval[0], 2)} to ${fixed(interval[1], 2)}&nbsp;pp, `);
  sentences.push(html`${interval === null ? 'Measured' : 'measured'} on ${rows} that nothing was chosen on.`);
  const { meanLatencyNs: after } = e.plan;
  const before = e.base.meanLatencyNs;
  if (e.plan.exits.length > 0 && after !== null && before !== null && before > 0)
    sentences.push(
      html` On the machine that made it, the mean answer took ${latency(after)} instead of ${latency(before)}
        (${fixed(100 * Math.abs(after / before - 1), 1)}&nbsp;% ${after <= before ? 'less' : 'more'})${median(e, after / before)}.`,
    );
  if (e.packaged === 'paper_method')
    sentences.push(html` This package holds the plan of the paper's method, as asked, not Offramp's own.`);
  return sentences;
}

/** A busy machine stretches means: a median that tells another story has to be heard too. */
function median(e: Evidence, meanRatio: number): string {
  const after = e.plan.medianLatencyNs;
  const before = e.base.medianLatencyNs;
  if (after === null || before === null || before <= 0 || Math.abs(after / before - meanRatio) < 0.1) return '';
  return `; the median ${latency(after)} instead of ${latency(before)}`;
}

/** The limit was kept on the select rows; whether it also held here is the reader's first question. */
function broken(e: Evidence): HtmlValue {
  const limit = e.search.maxDropPp;
  if (limit === null || e.plan.exits.length === 0) return null;
  const byAccuracy = e.search.rule === 'accuracy';
  const cost = byAccuracy ? -e.plan.accuracyChangePp : e.plan.harmPp;
  if (cost === null || cost <= limit + 1e-9) return null;
  const byChance = cost - chance(e, byAccuracy, cost) <= limit;
  return html`<div class="callout" role="note"><p><strong>${
    byChance ? 'Just over the limit here, by no more than chance.' : 'The limit did not hold here.'
  }</strong> ${byAccuracy ? 'The loss of accuracy' : 'Harm'} on the test rows is ${points(cost)}; the limit was ${plainPoints(limit)}. ${
    e.packaged === 'plan'
      ? 'The plan kept the limit on the rows it was chosen on. Use a lower limit or more rows to choose on.'
      : "The paper's method weighs accuracy against compute and keeps no limit."
  }</p></div>`;
}

/** Half the width of the 95 % interval of what was measured, in pp. */
function chance(e: Evidence, byAccuracy: boolean, cost: number): number {
  if (e.rows.test === null || e.rows.test === 0) return 0;
  if (!byAccuracy) return 196 * Math.sqrt(((cost / 100) * (1 - cost / 100)) / e.rows.test);
  const range = changeInterval(e.plan, e.rows.test);
  return range === null ? 0 : (range[1] - range[0]) / 2;
}
