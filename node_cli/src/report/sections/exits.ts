// Where inputs leave: one bar per exit and one for the backbone's own end, then each exit's settings.
import * as Plot from '@observablehq/plot';
import { chart, kWide, plotSvg } from '../chart.js';
import type { Evidence, PlanExit } from '../evidence.js';
import { count, decimal, kNone, percent, shorten } from '../format.js';
import { html, type Html } from '../html.js';
import { exitColour, headName, scoreName } from '../names.js';

export function exits(e: Evidence): Html {
  const intro =
    e.plan.exits.length === 0
      ? html`<p>The plan has no early exit: every input runs through the whole backbone.</p>`
      : html`<p>An input leaves at the first exit whose score reaches its threshold. What no exit is sure enough about runs to the
          backbone's own end.</p>`;
  return html`<section id="exits"><h2>Where inputs leave</h2>${intro}
    ${chart('Share of the test rows that leave at each place.', null, (width) => draw(e, width))}
    ${exitTable(e)}</section>`;
}

function draw(e: Evidence, width: number): Html {
  const bars = [
    ...e.plan.exits.map((exit, i) => ({ name: `Exit ${i + 1}`, rate: exit.rate, colour: `var(--${exitColour(i)})` })),
    { name: 'Backbone', rate: e.plan.baseRate, colour: 'var(--own)' },
  ];
  return plotSvg('Share of test rows by the place where they leave', {
    width,
    height: 26 + bars.length * (width === kWide ? 38 : 34),
    marginLeft: 84,
    marginRight: 60,
    marginTop: 4,
    marginBottom: 22,
    x: { domain: [0, 1], label: null, ticks: 5, tickFormat: (v: number) => `${Math.round(100 * v)} %` },
    y: { domain: bars.map((b) => b.name), label: null, padding: 0.25 },
    marks: [
      Plot.gridX({ stroke: 'var(--grid)', strokeOpacity: 1, ticks: 5 }),
      Plot.axisY({ tickSize: 0, fill: 'var(--text)', fontSize: 14 }),
      Plot.barX(bars, { x: 'rate', y: 'name', fill: 'colour', rx2: 3 }),
      Plot.text(bars, { x: 'rate', y: 'name', text: (b: { rate: number }) => percent(b.rate), dx: 6, textAnchor: 'start', fontSize: 14, fill: 'var(--text)' }),
    ],
  });
}

function exitTable(e: Evidence): Html {
  return html`<div class="scroll"><table class="flat">
    <thead><tr><th>Exit</th><th>Stands after</th><th class="number">Leave here</th><th class="number">Of those right</th>
      <th class="number">MACs until here</th><th>Head</th><th>Leaves if</th><th class="number">Temperature</th></tr></thead>
    <tbody>${e.plan.exits.map(exitRow)}
      <tr class="own"><th>Backbone</th><td>its own end</td><td class="number">${percent(e.plan.baseRate)}</td>
        <td class="number">${kNone}</td><td class="number">${count(wholeCost(e))}</td><td>its own</td>
        <td>${kNone}</td><td class="number">${kNone}</td></tr>
    </tbody></table></div>`;
}

/** What an input costs that no exit answers: the backbone and all heads it passed. */
function wholeCost(e: Evidence): number {
  const last = e.plan.exits[e.plan.exits.length - 1];
  const point = e.exitPoints.find((p) => p.at === last?.at);
  if (last === undefined || last.macs === null || point === undefined) return e.base.macs;
  return e.base.macs + Math.max(0, last.macs - point.macs);
}

function exitRow(exit: PlanExit, i: number): Html {
  return html`<tr><th class="${exitColour(i)}">${i + 1}</th><td class="name">${shorten(exit.at, 32)}</td>
    <td class="number">${percent(exit.rate)}</td><td class="number">${percent(exit.accuracy)}</td>
    <td class="number">${count(exit.macs)}</td><td>${exit.head === null ? kNone : headName(exit.head)}</td>
    <td>${exit.score === null ? kNone : html`${scoreName(exit.score)} ≥ ${decimal(exit.threshold)}`}</td>
    <td class="number">${decimal(exit.temperature, 2)}</td></tr>`;
}
