// build/results/index.html: goals, a drawing and a table per model, and how it was measured. One file, no script, nothing loaded
// from elsewhere.
import { renderDocument } from 'offramp/report/document';
import { legend, type Symbol } from 'offramp/report/chart';
import { changePercent, changePoints, count, fixed, integer, latency, percent, plural, seconds, shorten } from 'offramp/report/format';
import { Html, html, type HtmlValue } from 'offramp/report/html';
import { headName } from 'offramp/report/names';
import type { Comparison, MethodRow, ModelResult, StaticRow } from './collect.js';
import { drawTradeOff } from './drawing.js';
import { isOurs, type Verdict } from './goals.js';
import { countMet, type Results } from './results.js';

export function renderResultsPage(results: Results): string {
  return renderDocument("Offramp's results", html`<header><h1>Results, ${results.date.slice(0, 10)}</h1><p class="lead">${headline(results)}</p>${limited(results)}</header>
<main>
${overview(results)}
${goals(results)}
${results.models.map(modelSection)}
${method(results)}
</main>
<footer><p>Made by ./run results.</p></footer>`);
}

/** What our plans at 1 pp save, over all models. */
function headline({ models, verdicts }: Results): Html {
  const plans = models.flatMap((model) => model.methods.filter(({ method: id }) => id === 'harm_1'));
  if (plans.length === 0) return html`Early exits on real models.`;
  const saved = plans.map(({ macsChangePct }) => -macsChangePct);
  const changes = plans.map(({ accuracyChangePp }) => accuracyChangePp);
  const { met, measured } = countMet(verdicts);
  return html`Allowed to lose 1&nbsp;pp, Offramp saves <em>${range(saved, 0)}&nbsp;%</em> of the compute and changes accuracy by
${range(changes, 2)}&nbsp;pp${measured === 0 ? '' : html`; ${met} of ${measured} goals are met`}.`;
}

function range(values: readonly number[], digits: number): string {
  const [low, high] = [fixed(Math.min(...values), digits), fixed(Math.max(...values), digits)];
  return low === high ? low : `${low} to ${high}`;
}

function limited({ rowLimit }: Results): HtmlValue {
  if (rowLimit === null) return null;
  return html`<div class="callout" role="note"><p><strong>A look, not a result.</strong> At most ${integer(rowLimit)} rows of each part were used, so goals are not judged.</p></div>`;
}

const keys: (readonly [Symbol, string, string])[] = [
  ['dot', 'ours', 'Offramp at 0.5, 1 and 2 pp'], ['ring', 'exit1', 'Offramp, by accuracy, by class, or certified'], ['diamond', 'paper', "the paper's method"],
  ['hollow_square', 'base', 'smaller models'], ['dash', 'soft', '1 pp below the model as it is'],
];

function overview({ models }: Results): HtmlValue {
  return html`<section><h2>What accuracy costs</h2>
<p>Each point is a package, or a smaller model, measured on test rows that nothing was chosen on: right is less compute, up is more accurate. Lines are
95&nbsp;% intervals of the change.</p>
${legend(keys)}
<div class="panels">${models.map((model) => html`<figure><h3>${model.title}</h3>${drawTradeOff(model)}</figure>`)}</div></section>`;
}

function goals({ verdicts }: Results): HtmlValue {
  if (verdicts.length === 0) return null;
  const { met, measured } = countMet(verdicts);
  return html`<section><h2>Goals: ${met} of ${measured} met</h2>
<div class="scroll"><table class="compact"><thead><tr><th>Model</th><th>Goal</th><th>Measured</th><th></th></tr></thead>
<tbody>${verdicts.map((verdict, index) => goalRow(verdict, verdict.model !== verdicts[index - 1]?.model))}</tbody></table></div></section>`;
}

function goalRow({ model, goal, seen, met }: Verdict, first: boolean): Html {
  const word = met === null ? html`<span class="soft">not measured</span>` : met ? html`<strong class="good">✓ met</strong>` : html`<strong class="warn">✗ missed</strong>`;
  return html`<tr><th>${first ? model : ''}</th><td>${typeset(goal)}</td><td>${typeset(seen)}</td><td class="number">${word}</td></tr>`;
}

function modelSection(model: Results['models'][number]): Html {
  const { rows, base } = model;
  const certify = rows.certify > 0 ? html`, ${integer(rows.certify)} certified them` : '';
  return html`<section><h2>${model.title}</h2>
<p>${count(base.macs)} MACs, ${count(base.parameters)} parameters, ${plural(model.exitPoints, 'place')} for exits. ${integer(rows.train)} rows trained heads,
${integer(rows.select)} chose exits and thresholds${certify}, ${integer(rows.test)} were measured on.</p>
<div class="scroll"><table class="compact"><thead><tr><th></th><th class="number">Accuracy</th><th class="number">Change, 95&nbsp;% interval</th><th class="number">Mean MACs</th>
<th class="number">Mean latency</th><th class="number">Macro-F1</th><th class="number">Worst class</th><th class="number">Leave early</th><th class="number">Search</th></tr></thead>
<tbody><tr class="own"><th>as it is</th><td class="number">${percent(base.accuracy, 2)}</td><td></td><td class="number">${count(base.macs)}</td>
<td class="number">${latency(base.meanLatencyNs)}</td><td class="number">${percent(base.macroF1)}</td><td></td><td></td><td></td></tr>
${model.methods.map((row) => methodLine(row, model))}${model.statics.map((row) => staticLine(row, model))}</tbody></table></div>
${model.left.length === 0 ? '' : html`<p class="soft">Not run: ${model.left.map(({ title, why }, index) => `${index === 0 ? '' : '; '}${title}, as ${why}`)}.</p>`}
${exitsOf(model)}</section>`;
}

function methodLine(row: MethodRow, model: ModelResult): Html {
  const spent = Object.values(row.seconds).reduce((sum, value) => sum + value, 0);
  return html`<tr class="${row.method === 'harm_1' ? 'chosen' : ''}"><th>${typeset(row.title)}</th>${comparison(row, model)}
<td class="number">${row.exits.length === 0 ? 'none' : percent(row.exits.reduce((sum, { rate }) => sum + rate, 0))}</td><td class="number">${seconds(spent)}</td></tr>`;
}

/** Numbers keep their units and get a true minus. */
const typeset = (text: string): string => text.replace(/(?<=\d) (?=pp|%)/g, '\u00a0').replace(/-(?=\d)/g, '\u2212');

function staticLine(row: StaticRow, model: ModelResult): Html {
  return html`<tr><th>${row.title}</th>${comparison(row, model)}<td></td><td></td></tr>`;
}

function comparison(row: Comparison, { labels }: ModelResult): Html {
  const [low, high] = row.accuracyChange95Pp;
  const { label, changePp, rows } = row.worstClass;
  const below = (text: HtmlValue): Html => html`<br><span class="soft">${text}</span>`;
  return html`<td class="number">${percent(row.accuracy, 2)}</td><td class="number">${changePoints(row.accuracyChangePp)}${below(html`${fixed(low, 2)} to ${fixed(high, 2)}`)}</td>
<td class="number">${changePercent(row.macsChangePct)}${below(count(row.meanMacs))}</td><td class="number">${changePercent(row.latencyChangePct)}${below(latency(row.meanLatencyNs))}</td>
<td class="number">${changePoints(row.macroF1ChangePp)}</td>
<td class="number">${changePp < 0 ? html`${changePoints(changePp, 1)}${below(html`${shorten(labels[label] ?? `class ${label}`, 16)}, ${plural(rows, 'row')}`)}` : 'none'}</td>`;
}

function exitsOf({ methods }: ModelResult): HtmlValue {
  const lines = methods.flatMap((row) => row.exits.map((exit, index) => html`<tr><th>${index === 0 ? row.title : ''}</th><td class="name">${shorten(exit.at, 48)}</td><td>${headName(exit.head)}</td>
<td class="number">${fixed(exit.threshold, 3)}</td><td class="number">${percent(exit.rate)}</td></tr>`));
  const remarks = [...new Set(methods.flatMap((row) => row.remarks))];
  const said = remarks.length === 0 ? '' : html`<p class="soft">Remarked while searching: ${remarks.map((remark, index) => `${index === 0 ? '' : '; '}${remark}`)}.</p>`;
  if (lines.length === 0) return said;
  return html`<details><summary>The exits</summary><div class="scroll"><table class="compact"><thead><tr><th></th><th>After</th><th>Head</th><th class="number">Threshold</th>
<th class="number">Leave here</th></tr></thead><tbody>${lines}</tbody></table></div></details>${said}`;
}

function method(results: Results): Html {
  const { origin, machine, node, threads, seed, models } = results;
  const ours = models.flatMap((model) => model.methods).filter(isOurs).length;
  return html`<section><h2>How it was measured</h2><dl class="facts">
<dt>Sources</dt><dd>${origin.commit === '' ? 'no commit' : html`commit <span class="name">${origin.commit.slice(0, 12)}</span>`}${origin.changes === '' ? '' : ', with changes that are not committed'}</dd>
<dt>Machine</dt><dd>${machine}, Node ${node}</dd>
<dt>Search</dt><dd>the WebAssembly engine, plain SIMD, ${plural(threads, 'thread')}, seed ${seed}; ${plural(ours, 'package')} of ours. Its time is that of features, heads and plan together</dd>
<dt>Figures</dt><dd>every package is run row by row on all test rows; MACs are those executed, heads included</dd>
<dt>Latency</dt><dd>one thread, base and package by turns on up to 1000 test rows, each the median of three runs; smaller models are timed on their own</dd>
<dt>Intervals</dt><dd>Tango's score interval for paired rows</dd>
<dt>The paper's method</dt><dd>as published, on the same backbone and rows, measured like ours</dd>
<dt>Not run</dt><dd>${results.left.length === 0 ? 'nothing was left out' : results.left.map(({ title, why }, index) => `${index === 0 ? '' : '; '}${title}: ${why}`)}</dd>
</dl></section>`;
}
