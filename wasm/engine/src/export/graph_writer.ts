// One graph as it is put together: nodes, weights, and names that no other graph of the file has, because ONNX lets a graph
// within a graph see the names around it.
import { tensorOf, type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxTensor, type OnnxValue } from './onnx_proto.js';

/** Hands out each name of a file once; nodes and values may be called the same. */
export class Names {
  private readonly values = new Set<string>();
  private readonly nodes = new Set<string>();

  value(wanted: string): string {
    return take(wanted, this.values);
  }
  node(wanted: string): string {
    return take(wanted, this.nodes);
  }
}

function take(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let count = 1; taken.has(name); count += 1) name = `${wanted}_${count}`;
  taken.add(name);
  return name;
}

interface NodeOptions {
  attributes?: readonly OnnxAttribute[];
  as?: string;
  /** Wanted names of further outputs. */
  more?: readonly string[];
}

export class GraphWriter {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];

  /** Names of what is added begin with `prefix`. */
  constructor(private readonly names: Names, public prefix: string) {}

  /** A node of ONNX's own domain. Returns the name of its first output: `as` if that was taken before, else one of its own. */
  add(op: string, inputs: readonly string[], wanted: string, { attributes = [], as, more = [] }: NodeOptions = {}): string {
    const output = as ?? this.names.value(this.prefix + wanted);
    this.nodes.push({
      name: this.names.node(this.prefix + wanted), op, domain: '', inputs: [...inputs], attributes: [...attributes],
      outputs: [output, ...more.map((name) => this.names.value(this.prefix + name))],
    });
    return output;
  }

  constant(wanted: string, values: Float32Array | BigInt64Array, dims: readonly number[]): string {
    const name = this.names.value(this.prefix + wanted);
    this.initializers.push(tensorOf(name, values, dims));
    return name;
  }
  /** A list of whole numbers, as operators take axes and shapes. */
  integers(wanted: string, values: readonly number[]): string {
    return this.constant(wanted, BigInt64Array.from(values, BigInt), [values.length]);
  }
  /** An f32 without dimensions. */
  scalar(wanted: string, value: number): string {
    return this.constant(wanted, Float32Array.of(value), []);
  }

  /** A whole graph; `known` are names that stand for its inputs, or that its values are to have. The map tells all its names here. */
  append(graph: OnnxGraph, known: ReadonlyMap<string, string>): Map<string, string> {
    const renamed = new Map([['', ''], ...known]);
    const here = (name: string): string => {
      let own = renamed.get(name);
      if (own === undefined) {
        own = this.names.value(this.prefix + name);
        renamed.set(name, own);
      }
      return own;
    };
    for (const { name, rest } of graph.initializers) this.initializers.push({ name: here(name), rest });
    for (const node of graph.nodes) {
      this.nodes.push({ ...node, name: this.names.node(this.prefix + node.name), inputs: node.inputs.map(here), outputs: node.outputs.map(here) });
    }
    return renamed;
  }

  graph(name: string, inputs: OnnxValue[], outputs: OnnxValue[]): OnnxGraph {
    return { name, nodes: this.nodes, initializers: this.initializers, inputs, outputs };
  }
}
