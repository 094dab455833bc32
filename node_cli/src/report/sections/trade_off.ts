// Accuracy over mean compute: the whole front, what was chosen from it, and the paper's method promised and kept.
import * as Plot from '@observablehq/plot';
import { chart, kWide, legend, plotSvg, type Symbol } from '../chart.js';
import type { Evidence, FrontPlan } from '../evidence.js';
import { changePercent, changePoints, count, countTick, fixed, percent, plainPoints, points, shorten } from '../format.js';
import { html, type Html, type HtmlValue } from '../html.js';

interface Mark {
  macs: number;
  accuracy: number;
}

// Plans that lose far more than any marked one would flatten everything that matters: at least this much is shown.
const kSpareShare = 0.35;
const kShownLoss = 0.06;
const kMostTableRows = 200;

export function tradeOff(e: Evidence): Html {
  const view = visiblePart(e);
  const caption = html`Accuracy on the test rows over mean multiply-accumulates per input, heads included. Each point of the line is a
    plan that was best on the rows it was chosen on; here it is shown on rows it has never seen, so the line may wobble.${
      view.hidden > 0 ? ` ${view.hidden} cheaper plans with lower accuracy are left out of the drawing.` : ''
    }`;
  return html`<section id="trade-off"><h2>What accuracy costs</h2>
    <p>Every plan trades compute for accuracy. Up and to the left is better.</p>
    ${chart(caption, legend(keys(e)), (width) => draw(e, view, width))}
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

interface View {
  low: number;
  high: number;
  macsHigh: number;
  line: Mark[];
  hidden: number;
}

function visiblePart(e: Evidence): View {
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

function draw(e: Evidence, view: View, width: number): Html {
  const height = width === kWide ? 400 : 300;
  const limit = e.base.accuracy - (e.search.maxDropPp ?? 0) / 100;
  const at = { x: 'macs', y: 'accuracy' };
  const paper = e.paper === null ? [] : [{ macs: e.paper.meanMacs, accuracy: e.paper.accuracy }];
  const predicted = e.paper?.predicted ? [{ macs: e.paper.predicted.meanMacs, accuracy: e.paper.predicted.accuracy }] : [];
  const halo = { stroke: 'var(--page)', strokeWidth: 1.5 };
  return plotSvg('Accuracy over mean compute of all plans', {
    width,
    height,
    marginLeft: 52,
    marginBottom: 40,
    marginRight: 20,
    x: { domain: [0, view.macsHigh * 1.03], label: 'mean MACs per input →', ticks: width === kWide ? 7 : 4, tickFormat: countTick },
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
    ],
  });
}

const percentTick = (v: number, view: View): string => `${fixed(100 * v, view.high - view.low < 0.05 ? 1 : 0)} %`;

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
