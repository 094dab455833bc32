// Every operator of the backbone, top to bottom, branches and all. Cheap operators with one way in and out (activations,
// reshapes) share the box of what feeds them.
import type { Evidence, NetworkNode } from './evidence.js';
import { percent, shorten } from './format.js';
import { html, type Html } from './html.js';
import { layOut, type LayoutEdge } from './layout.js';
import { exitColour } from './names.js';

const kMostBoxes = 600;
const kMostEdges = 2400;
const kWidth = 250;
const kHeight = 30;
const kLetters = 24;

interface Box {
  names: string[];
  ops: string[];
  macs: number;
  shape: string;
  inputs: number[]; // of boxes
}

export function foldCheapNodes(network: readonly NetworkNode[]): Box[] {
  const consumers = network.map(() => 0);
  for (const node of network) for (const from of node.inputs) ++consumers[from]!;
  const boxes: Box[] = [];
  const boxOf: number[] = [];
  network.forEach((node, i) => {
    const from = node.inputs.length === 1 ? node.inputs[0]! : -1;
    if (from >= 0 && node.macs === 0 && consumers[from] === 1) {
      const box = boxes[boxOf[from]!]!;
      box.names.push(node.name);
      box.ops.push(node.op);
      box.shape = node.shape;
      boxOf[i] = boxOf[from]!;
      return;
    }
    const inputs = [...new Set(node.inputs.map((input) => boxOf[input]!))];
    boxOf[i] = boxes.push({ names: [node.name], ops: [node.op], macs: node.macs, shape: node.shape, inputs }) - 1;
  });
  return boxes;
}

/** Null if the network is too large to draw node by node. */
export function drawGraph(e: Evidence): Html | null {
  const boxes = foldCheapNodes(e.network);
  const edges: LayoutEdge[] = boxes.flatMap((box, i) => box.inputs.map((from) => ({ from: String(from), to: String(i), weight: from === i - 1 ? 4 : 1 })));
  if (boxes.length === 0 || boxes.length > kMostBoxes || edges.length > kMostEdges) return null;
  const layout = layOut(boxes.map((_, i) => ({ id: String(i), width: kWidth, height: kHeight })), edges, { direction: 'TB', rank: 16, node: 16 });
  const exitAt = new Map(e.plan.exits.map((exit, i) => [exit.at, i]));
  const most = Math.max(1, ...boxes.map((box) => box.macs));
  return html`<svg class="drawing" role="img" aria-label="All operators of the backbone" width="${layout.width}" height="${layout.height}" viewBox="0 0 ${layout.width} ${layout.height}">
    ${layout.edges.map(({ points }) => html`<path class="flow" stroke-width="1.5" d="M${points.map((p) => `${Math.round(p.x)} ${Math.round(p.y)}`).join('L')}"/>`)}
    ${boxes.map((box, i) => {
      const { x, y } = layout.nodes.get(String(i))!;
      const exit = box.names.map((name) => exitAt.get(name)).find((index) => index !== undefined);
      return drawBox(box, Math.round(x - kWidth / 2), Math.round(y - kHeight / 2), box.macs / most, box.macs / e.base.macs, exit);
    })}</svg>`;
}

function drawBox(box: Box, x: number, y: number, heat: number, share: number, exit: number | undefined): Html {
  const ops = shorten(box.ops.slice(0, 3).join(' + ') + (box.ops.length > 3 ? ' …' : ''), kLetters);
  const mark = exit === undefined ? '' : html`<text class="strong fill-${exitColour(exit)}" x="${x + kWidth - 10}" y="${y + 19}" text-anchor="end">Exit ${exit + 1}</text>`;
  const cost = exit !== undefined || box.macs === 0 ? '' : html`<text class="soft" x="${x + kWidth - 10}" y="${y + 19}" text-anchor="end">${percent(share)}</text>`;
  return html`<g><title>${box.names.map((name) => shorten(name, 80)).join(', ')} ${box.shape}</title>
    <rect class="box${exit === undefined ? '' : ` stroke-${exitColour(exit)}`}" x="${x}" y="${y}" width="${kWidth}" height="${kHeight}" rx="6"${exit === undefined ? '' : html` stroke-width="2.5"`}/>
    ${heat > 0 ? html`<rect class="heat" x="${x}" y="${y + 5}" width="${Math.max(2, Math.round(6 * heat))}" height="${kHeight - 10}"/>` : ''}
    <text x="${x + 14}" y="${y + 19}">${ops}</text>${cost}${mark}</g>`;
}
