// Overall accuracy can hide a class that suffers: the change of each class's recall.
import type { Evidence } from '../evidence.js';
import { changePoints, shorten } from '../format.js';
import { html, type Html } from '../html.js';

interface Change {
  name: string;
  pp: number | null;
}

const kAllShown = 24;
const kEndsShown = 10;
const kBarWidth = 120;

export function classes(e: Evidence): Html {
  const changes = e.plan.recallChangePp.map((pp, i): Change => ({ name: e.labels[i] || `class ${i}`, pp }));
  return html`<section id="classes"><h2>What each class gains or loses</h2>
    <p>Recall is the share of a class's rows that are recognised. Overall accuracy can hide a rare class that pays for the others, so
      here is every class's change against the backbone.</p>${changes.length === 0 ? html`<p class="soft">The package holds no figures per class.</p>` : tables(changes)}</section>`;
}

function tables(changes: Change[]): Html {
  const sorted = changes.map((change, i) => ({ change, i })).sort((a, b) => rank(a.change) - rank(b.change) || a.i - b.i).map((c) => c.change);
  const largest = Math.max(1, ...sorted.map((c) => Math.abs(c.pp ?? 0)));
  if (sorted.length <= kAllShown) return table(sorted, largest);
  return html`<h3>Largest losses</h3>${table(sorted.slice(0, kEndsShown), largest)}
    <details><summary>All ${sorted.length} classes</summary>${table(sorted, largest)}</details>`;
}

// Classes without rows come last.
const rank = (change: Change): number => change.pp ?? Number.MAX_VALUE;

function table(changes: Change[], largest: number): Html {
  return html`<div class="scroll"><table class="centred"><thead><tr><th>Class</th><th class="number">Change of recall</th><th class="middle">loss | gain</th></tr></thead>
    <tbody>${changes.map((c) => html`<tr><td>${shorten(c.name, 48)}</td><td class="number">${c.pp === null ? 'no test rows' : changePoints(c.pp)}</td><td>${bar(c.pp, largest)}</td></tr>`)}</tbody></table></div>`;
}

function bar(pp: number | null, largest: number): Html {
  const middle = kBarWidth / 2;
  const length = (Math.abs(pp ?? 0) / largest) * (middle - 2);
  const x = (pp ?? 0) < 0 ? middle - length : middle;
  return html`<svg class="bar" width="${kBarWidth}" height="20" viewBox="0 0 ${kBarWidth} 20" aria-hidden="true">
    <path class="stroke-soft" d="M${middle} 0V20"/>${
      length > 0 ? html`<rect class="${(pp ?? 0) < 0 ? 'fill-warn' : 'fill-good'}" x="${x.toFixed(1)}" y="4" width="${length.toFixed(1)}" height="12"/>` : ''
    }</svg>`;
}
