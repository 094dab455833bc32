// The network as a chain of blocks: what lies between two exit points has one way in and one way out.
import type { InspectReport } from '@offramp/engine';

export interface NetworkNode {
  name: string;
  op: string;
  macs: number;
  parameters?: number;
  shape: (number | string | null)[] | null;
  /** Numbers of the nodes that it reads. */
  inputs: number[];
}

export interface NetworkBlock {
  /** From 1. */
  number: number;
  /** The exit point at its end; none at the last. */
  exitPoint?: string;
  /** Numbers of nodes, in order. */
  nodes: number[];
  macs: number;
  parameters: number;
  /** From the input up to and including this block. */
  macsSoFar: number;
  /** What it hands on, without the batch. */
  shape: (number | string | null)[];
}

/** Empty if the report draws none. */
export function networkNodes(report: InspectReport): NetworkNode[] {
  return Array.isArray(report.network) ? report.network as unknown as NetworkNode[] : [];
}

/** Without exit points the whole network is one block. */
export function networkBlocks(report: InspectReport): NetworkBlock[] {
  const nodes = networkNodes(report);
  const order = new Map(nodes.map((node, at) => [node.name, at]));
  const blocks: NetworkBlock[] = [];
  let first = 0;
  let before = { macs: 0, parameters: 0 };
  const add = (last: number, macs: number, parameters: number, shape: (number | string | null)[], exitPoint?: string): void => {
    blocks.push({
      number: blocks.length + 1, nodes: nodes.slice(first, last + 1).map((_, at) => first + at), macs: Math.max(0, macs - before.macs),
      parameters: Math.max(0, parameters - before.parameters), macsSoFar: macs, shape, ...(exitPoint === undefined ? {} : { exitPoint }),
    });
    first = last + 1;
    before = { macs, parameters };
  };
  for (const { at, macs, parameters, shape } of report.exit_points) add(order.get(at) ?? first - 1, macs, parameters, shape, at);
  if (first < nodes.length || blocks.length === 0) add(nodes.length - 1, report.macs, report.parameters, report.outputs[0]?.shape?.slice(1) ?? []);
  return blocks;
}

/** 16 × 28 × 28; one value is 1. */
export function shapeText(shape: readonly (number | string | null)[] | null): string {
  if (shape === null) return 'unknown';
  return shape.length === 0 ? '1' : shape.map((size) => size ?? '?').join(' × ');
}
