// How good an exit could be, by the place where it stands: what the search had to choose from.
import * as Plot from '@observablehq/plot';
import { chart, kWide, legend, plotSvg, type Symbol } from '../chart.js';
import type { Evidence } from '../evidence.js';
import { count, percent, shorten } from '../format.js';
import { html, type Html } from '../html.js';
import { headColour, headName } from '../names.js';

interface Dot {
  share: number;
  accuracy: number;
}

const kSymbols: Symbol[] = ['hollow_square', 'hollow_diamond', 'triangle', 'cross', 'ring'];
const kPlotSymbols: Record<string, 'square' | 'diamond' | 'triangle' | 'times' | 'circle'> = {
  hollow_square: 'square', hollow_diamond: 'diamond', triangle: 'triangle', cross: 'times', ring: 'circle',
};

export function places(e: Evidence): Html {
  if (e.exitPoints.length === 0)
    return html`<section id="places"><h2>How good an exit could be, place by place</h2>
      <p class="soft">The package does not hold what each place was found to be worth.</p></section>`;
  const kinds = [...new Set(e.exitPoints.flatMap((p) => p.heads.map((h) => h.head)))].sort();
  const items: (readonly [Symbol, string, string])[] = [
    ['line', 'screen', 'quick closed-form grade, every place'],
    ...kinds.map((kind, i) => [kSymbols[i % 5]!, headColour(i), `trained: ${headName(kind)}`] as const),
    ['dash', 'base', 'backbone'],
    ['ring', 'ours', 'stands in the plan'],
  ];
  const caption = `Accuracy of each head if it had to answer every row alone, on the rows that plans were chosen on, over the share of
    the backbone's compute spent to get there, head included. Heads were trained only at places whose grade was promising.`;
  return html`<section id="places"><h2>How good an exit could be, place by place</h2>
    <p>Early places are cheap but know little. An exit need not be good at everything: it has to know when it is right.</p>
    ${chart(caption, legend(items), (width) => draw(e, kinds, width))}${pointTable(e)}</section>`;
}

function draw(e: Evidence, kinds: string[], width: number): Html {
  const share = (m: number): number => m / e.base.macs;
  const at = { x: 'share', y: 'accuracy' };
  const screened: Dot[] = e.exitPoints.flatMap((p) => (p.screenAccuracy === null ? [] : [{ share: share(p.macs), accuracy: p.screenAccuracy }]));
  const heads = (kind: string): Dot[] =>
    e.exitPoints.flatMap((p) => p.heads.filter((h) => h.head === kind).map((h) => ({ share: share(p.macs + (h.macs ?? 0)), accuracy: h.accuracy })));
  const chosen: Dot[] = e.plan.exits.flatMap((exit) => {
    const point = e.exitPoints.find((p) => p.at === exit.at);
    const head = point?.heads.find((h) => h.head === exit.head);
    return point && head ? [{ share: share(point.macs + (head.macs ?? 0)), accuracy: head.accuracy }] : [];
  });
  const all = [...screened, ...kinds.flatMap(heads), { share: 0, accuracy: e.base.accuracy }];
  const low = Math.max(0, Math.min(...all.map((d) => d.accuracy)) - 0.04);
  const high = Math.min(1.01, Math.max(...all.map((d) => d.accuracy)) + 0.04);
  return plotSvg('Accuracy of every possible exit over its cost', {
    width,
    height: width === kWide ? 360 : 290,
    marginLeft: 48,
    marginBottom: 40,
    marginRight: 16,
    x: { domain: [0, Math.max(1, ...all.map((d) => d.share))], label: "share of the backbone's MACs →", ticks: width === kWide ? 10 : 5, tickFormat: (v: number) => `${Math.round(100 * v)} %` },
    y: { domain: [low, high], label: '↑ accuracy on select rows', ticks: 6, tickFormat: (v: number) => `${Math.round(100 * v)} %` },
    marks: [
      Plot.gridY({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 6 }),
      Plot.ruleY([e.base.accuracy], { stroke: 'var(--base)', strokeDasharray: '5 4' }),
      Plot.line(screened, { ...at, stroke: 'var(--screen)', strokeWidth: 1.5 }),
      Plot.dot(screened, { ...at, r: 2, fill: 'var(--screen)' }),
      ...kinds.map((kind, i) =>
        Plot.dot(heads(kind), {
          ...at, r: 4.5, symbol: kPlotSymbols[kSymbols[i % 5]!]!, stroke: `var(--${headColour(i)})`, strokeWidth: 1.75, fill: 'var(--page)',
        })),
      Plot.dot(chosen, { ...at, r: 10, stroke: 'var(--ours)', strokeWidth: 2 }),
    ],
  });
}

function pointTable(e: Evidence): Html {
  const chosen = new Set(e.plan.exits.map((exit) => exit.at));
  return html`<details><summary>All ${e.exitPoints.length} places</summary><div class="scroll"><table>
    <thead><tr><th>After</th><th>Shape</th><th class="number">MACs</th><th class="number">Parameters</th><th class="number">Quick grade</th>
      <th class="number">Best trained head</th><th>Which</th></tr></thead>
    <tbody>${e.exitPoints.map((p) => {
      const best = p.heads.reduce<(typeof p.heads)[number] | null>((a, b) => (a === null || b.accuracy > a.accuracy ? b : a), null);
      return html`<tr${chosen.has(p.at) ? html` class="chosen"` : ''}><td class="name">${shorten(p.at, 48)}</td><td class="number">${p.shape}</td>
        <td class="number">${count(p.macs)}</td><td class="number">${count(p.parameters)}</td><td class="number">${percent(p.screenAccuracy)}</td>
        <td class="number">${percent(best?.accuracy ?? null)}</td><td>${best === null ? 'not trained' : headName(best.head)}</td></tr>`;
    })}</tbody></table></div></details>`;
}
