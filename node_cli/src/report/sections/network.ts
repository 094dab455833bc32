// The network with its exits: a chain of blocks at a glance, every operator on request.
import { drawBlocks } from '../block_drawing.js';
import type { Evidence } from '../evidence.js';
import { integer } from '../format.js';
import { drawGraph } from '../graph_drawing.js';
import { html, type Html, type HtmlValue } from '../html.js';
import { cutIntoBlocks } from '../network_blocks.js';

const kMostBoxes = 5;

export function network(e: Evidence): Html {
  const blocks = cutIntoBlocks(e, Math.max(kMostBoxes, e.plan.exits.length + 1));
  const merged = blocks.some((block) => block.blocks > 1);
  return html`<section id="network"><h2>The network and its exits</h2>
    <p>A block is what lies between two places where an exit could stand${merged ? '; neighbours that no exit parts are drawn as one' : ''}.
      Lines are as wide as the share of inputs that take them, bars show where the backbone's compute goes.</p>
    <figure><div class="wide">${drawBlocks(e, blocks, 'LR')}</div><div class="narrow">${drawBlocks(e, blocks, 'TB')}</div></figure>
    ${everyOperator(e)}</section>`;
}

function everyOperator(e: Evidence): HtmlValue {
  if (e.network.length === 0) return html`<p class="soft">The package does not hold the backbone's operators.</p>`;
  const drawing = drawGraph(e);
  if (drawing === null) return html`<p class="soft">The backbone has ${integer(e.network.length)} operators, too many to draw one by one.</p>`;
  return html`<details><summary>All ${integer(e.network.length)} operators</summary><div class="tall">${drawing}</div>
    <p class="soft">Percentages are shares of the backbone's MACs. Activations and reshapes share the box of what feeds them.</p></details>`;
}
