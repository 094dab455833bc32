// The backbone as a chain of blocks. Exit points are single-tensor cuts, so what lies between two of them is one box
// with one way in and one way out, whatever branches inside. Blocks that no exit of the plan separates are merged until
// few enough are left to read.
import type { Evidence } from './evidence.js';

export interface Block {
  until: string; // the exit point that ends it; empty for the last
  blocks: number;
  nodes: number | null; // in the backbone's graph
  macs: number;
  exit: number | null; // the plan's exit that stands at its end
  reached: number; // share of inputs that get here
}

interface Cut {
  at: string;
  macs: number;
}

export function cutIntoBlocks(e: Evidence, mostBoxes: number): Block[] {
  const byName = new Map(e.plan.exits.map((exit, i) => [exit.at, i]));
  const order = new Map<string, number>();
  e.network.forEach((node, i) => order.set(node.name, i));
  let lastMacs = 0;
  let lastNode = -1;
  const blocks: Block[] = [...cuts(e), { at: '', macs: e.base.macs }].map(({ at, macs }) => {
    const node = at === '' ? e.network.length - 1 : order.get(at);
    const block: Block = {
      until: at,
      blocks: 1,
      nodes: node === undefined || e.network.length === 0 ? null : Math.max(0, node - lastNode),
      macs: Math.max(0, macs - lastMacs),
      exit: at === '' ? null : byName.get(at) ?? null,
      reached: 1,
    };
    lastMacs = Math.max(lastMacs, macs);
    lastNode = node ?? lastNode;
    return block;
  });
  mergeSmallest(blocks, mostBoxes);
  let reached = 1;
  for (const block of blocks) {
    block.reached = Math.max(0, reached);
    if (block.exit !== null) reached -= e.plan.exits[block.exit]!.rate;
  }
  return blocks;
}

function cuts(e: Evidence): Cut[] {
  const known = new Set(e.exitPoints.map((p) => p.at));
  // An exit whose place is not listed still has to be drawn somewhere: its own cost says about where.
  const unlisted = e.plan.exits.filter((exit) => !known.has(exit.at)).map((exit) => ({ at: exit.at, macs: exit.macs ?? 0 }));
  return [...e.exitPoints.map(({ at, macs }) => ({ at, macs })), ...unlisted].sort((a, b) => a.macs - b.macs);
}

function mergeSmallest(blocks: Block[], most: number): void {
  while (blocks.length > most) {
    let best = -1;
    for (let i = 0; i + 1 < blocks.length; ++i) {
      if (blocks[i]!.exit !== null) continue;
      if (best < 0 || blocks[i]!.macs + blocks[i + 1]!.macs < blocks[best]!.macs + blocks[best + 1]!.macs) best = i;
    }
    if (best < 0) return;
    const first = blocks[best]!;
    const second = blocks[best + 1]!;
    blocks.splice(best, 2, {
      ...second,
      blocks: first.blocks + second.blocks,
      nodes: first.nodes === null || second.nodes === null ? null : first.nodes + second.nodes,
      macs: first.macs + second.macs,
    });
  }
}
