// The chain of blocks with exits branching off. Flows are as wide as the share of inputs that take them.
import type { Evidence } from './evidence.js';
import { decimal, percent, plural, shorten } from './format.js';
import { Html, html } from './html.js';
import { layOut, type LayoutEdge, type LayoutNode, type Placed } from './layout.js';
import { exitColour } from './names.js';
import type { Block } from './network_blocks.js';

type Direction = 'LR' | 'TB';

const kBox = { LR: { width: 136, height: 88 }, TB: { width: 196, height: 88 } };
const kAnswer = { width: 108, height: 58 };
const kWidestFlow = 14;

const round = (n: number): string => String(Math.round(n * 10) / 10);
const flowWidth = (share: number): string => round(Math.max(1.5, kWidestFlow * Math.min(1, Math.max(0, share))));

export function drawBlocks(e: Evidence, blocks: readonly Block[], direction: Direction): Html {
  const nodes: LayoutNode[] = [{ id: 'input', width: 54, height: 32 }];
  const edges: LayoutEdge[] = [];
  let previous = 'input';
  blocks.forEach((block, i) => {
    nodes.push({ id: `block${i}`, ...kBox[direction] });
    edges.push({ from: previous, to: `block${i}`, weight: 20 });
    previous = `block${i}`;
    if (block.exit === null) return;
    nodes.push({ id: `exit${i}`, ...kAnswer });
    edges.push({ from: previous, to: `exit${i}` });
  });
  nodes.push({ id: 'end', ...kAnswer });
  edges.push({ from: previous, to: 'end', weight: 20 });
  const spacing = direction === 'LR' ? { direction, rank: 26, node: 22 } : { direction, rank: 24, node: 14 };
  const at = besideBlocks(layOut(nodes, edges, spacing).nodes, direction);
  const places = [...at.values()];
  const right = Math.max(...places.map((p) => p.x + p.width / 2)) + 4;
  const bottom = Math.max(...places.map((p) => p.y + p.height / 2)) + 4;
  const left = Math.min(...places.map((p) => p.x - p.width / 2)) - 4;
  const top = Math.min(...places.map((p) => p.y - p.height / 2)) - 4;
  const view = [left, top, right - left, bottom - top].map(round);
  return html`<svg class="drawing" role="img" aria-label="The backbone's blocks in order and the exits that branch off" width="${view[2]}" height="${view[3]}" viewBox="${view.join(' ')}">
    ${blocks.map((block, i) => flows(e, block, i, at))}
    ${inputPill(at.get('input')!)}
    ${blocks.map((block, i) => box(e, block, i, blocks, at.get(`block${i}`)!))}
    ${blocks.map((block, i) => (block.exit === null ? '' : exitPill(e, block.exit, at.get(`exit${i}`)!)))}
    ${endPill(e, at.get('end')!)}</svg>`;
}

/** Puts the chain on one line and every exit beside the block it stands after, all on the same side. */
function besideBlocks(nodes: Map<string, Placed>, direction: Direction): Map<string, Placed> {
  const [along, across, size] = direction === 'LR' ? (['x', 'y', 'height'] as const) : (['y', 'x', 'width'] as const);
  const line = nodes.get('block0')![across];
  const away = kBox[direction][size] / 2 + kAnswer[size] / 2 + (direction === 'LR' ? 28 : 20);
  return new Map(
    [...nodes].map(([id, p]) => {
      const owner = id.startsWith('exit') ? nodes.get(id.replace('exit', 'block')) : undefined;
      return [id, owner ? { ...p, [along]: owner[along], [across]: line + away } : { ...p, [across]: line }];
    }),
  );
}

function flows(e: Evidence, block: Block, i: number, at: Map<string, Placed>): Html {
  const here = at.get(`block${i}`)!;
  const before = i === 0 ? at.get('input')! : at.get(`block${i - 1}`)!;
  const line = (a: Placed, b: Placed, share: number): Html =>
    html`<path class="flow" stroke-width="${flowWidth(share)}" d="M${round(a.x)} ${round(a.y)}L${round(b.x)} ${round(b.y)}"/>`;
  const parts = [line(before, here, block.reached)];
  const next = at.get(`block${i + 1}`);
  if (next === undefined) parts.push(line(here, at.get('end')!, e.plan.baseRate));
  const exit = block.exit === null ? undefined : at.get(`exit${i}`);
  if (exit !== undefined) {
    parts.push(html`<path class="flow stroke-${exitColour(block.exit!)}" stroke-width="${flowWidth(e.plan.exits[block.exit!]!.rate)}" d="M${round(here.x)} ${round(here.y)}L${round(exit.x)} ${round(exit.y)}"/>`);
  }
  return html`${parts}`;
}

function inputPill(p: Placed): Html {
  return html`<g><rect class="answer stroke-own" x="${round(p.x - p.width / 2)}" y="${round(p.y - p.height / 2)}" width="${p.width}" height="${p.height}" rx="16"/>
    <text x="${round(p.x)}" y="${round(p.y + 4)}" text-anchor="middle">input</text></g>`;
}

function box(e: Evidence, block: Block, i: number, all: readonly Block[], p: Placed): Html {
  const x = p.x - p.width / 2;
  const y = p.y - p.height / 2;
  const first = all.slice(0, i).reduce((sum, b) => sum + b.blocks, 1);
  const last = first + block.blocks - 1;
  const title = first === last ? `Block ${first}` : `Blocks ${first}–${last}`;
  const letters = Math.floor((p.width - 20) / 6.2);
  const until = block.until === '' ? 'to the end' : `to ${shorten(block.until, letters - 3)}`;
  const share = Math.min(1, block.macs / e.base.macs);
  const track = p.width - 20;
  return html`<g><title>${block.until === '' ? 'the rest' : block.until}${block.nodes === null ? '' : `, ${plural(block.nodes, 'operator')}`}</title>
    <rect class="box" x="${round(x)}" y="${round(y)}" width="${p.width}" height="${p.height}" rx="8"/>
    <text class="strong" x="${round(x + 10)}" y="${round(y + 19)}">${title}</text>
    <text class="soft small" x="${round(x + 10)}" y="${round(y + 35)}">${until}</text>
    <text x="${round(x + 10)}" y="${round(y + 54)}">${percent(share)} of MACs</text>
    <rect class="track" x="${round(x + 10)}" y="${round(y + 60)}" width="${round(track)}" height="4" rx="2"/>
    <rect class="heat" x="${round(x + 10)}" y="${round(y + 60)}" width="${round(Math.max(share > 0 ? 1 : 0, track * share))}" height="4" rx="2"/>
    <text class="soft small" x="${round(x + 10)}" y="${round(y + 79)}">reached by ${percent(block.reached, 0)}</text></g>`;
}

function exitPill(e: Evidence, i: number, p: Placed): Html {
  const exit = e.plan.exits[i]!;
  return answerPill(p, exitColour(i), [`Exit ${i + 1}`, `${percent(exit.rate)} leave`, exit.threshold === null ? '' : `score ≥ ${decimal(exit.threshold)}`]);
}

const endPill = (e: Evidence, p: Placed): Html => answerPill(p, 'own', ['Backbone', `${percent(e.plan.baseRate)} leave`, 'everything left']);

function answerPill(p: Placed, colour: string, lines: [string, string, string]): Html {
  const top = p.y - p.height / 2;
  return html`<g><rect class="answer stroke-${colour}" x="${round(p.x - p.width / 2)}" y="${round(top)}" width="${p.width}" height="${p.height}" rx="14"/>
    <text class="strong" x="${round(p.x)}" y="${round(top + 18)}" text-anchor="middle">${lines[0]}</text>
    <text x="${round(p.x)}" y="${round(top + 34)}" text-anchor="middle">${lines[1]}</text>
    <text class="soft small" x="${round(p.x)}" y="${round(top + 49)}" text-anchor="middle">${lines[2]}</text></g>`;
}
