// Boxes and arrows to coordinates, by dagre.
import dagre from '@dagrejs/dagre';

export interface LayoutNode {
  id: string;
  width: number;
  height: number;
}
export interface LayoutEdge {
  from: string;
  to: string;
  weight?: number; // heavier edges are kept straight
}
export interface Placed {
  x: number; // of the centre
  y: number;
  width: number;
  height: number;
}
export interface Layout {
  width: number;
  height: number;
  nodes: Map<string, Placed>;
  edges: { from: string; to: string; points: { x: number; y: number }[] }[];
}
export interface Spacing {
  direction: 'LR' | 'TB';
  rank: number;
  node: number;
}

export function layOut(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], spacing: Spacing): Layout {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: spacing.direction, ranksep: spacing.rank, nodesep: spacing.node, edgesep: 12, marginx: 4, marginy: 4 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  for (const { from, to, weight } of edges) graph.setEdge(from, to, { weight: weight ?? 1 });
  dagre.layout(graph);
  const placed = new Map<string, Placed>();
  for (const { id } of nodes) {
    const { x, y, width, height } = graph.node(id) as Placed;
    placed.set(id, { x, y, width, height });
  }
  const size = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.ceil(size.width ?? 0),
    height: Math.ceil(size.height ?? 0),
    nodes: placed,
    edges: graph.edges().map((edge: { v: string; w: string }) => ({
      from: edge.v,
      to: edge.w,
      points: (graph.edge(edge) as { points?: { x: number; y: number }[] }).points ?? [],
    })),
  };
}
