// The wasm module of tests/bench/bare: XNNPACK alone, and the layers that other runtimes are given.
import { NotCovered, type HostTools } from './engine.js';

export interface BareModule {
  HEAPU8: Uint8Array;
  HEAPF32: Float32Array;
  UTF8ToString(pointer: number): string;
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _bare_load(onnx: number, bytes: number): number;
  _bare_build(threads: number): number;
  _bare_layers(): number;
  _bare_weights(): number;
  _bare_weight_count(): number;
  _bare_input(): number;
  _bare_output(): number;
  _bare_output_count(): number;
  _bare_invoke(): number;
}

export type BareFactory = (options: { wasmBinary: Uint8Array; workers: number }) => Promise<BareModule>;

/** One kind of layer of tests/bench/bare/network.h. */
export interface Layer {
  kind: string;
  inputs: number[];
  output: number;
  kernel: [number, number];
  stride: [number, number];
  dilation: [number, number];
  /** Top, left, bottom, right. */
  pads: [number, number, number, number];
  low: number | null;
  high: number | null;
  numbers: number[];
  weights: Placed | null;
  bias: Placed | null;
}
export interface Placed {
  at: number;
  dims: number[];
}
export interface Layers {
  dims: number[][];
  constants: { operand: number; value: Placed }[];
  layers: Layer[];
  input: number;
  output: number;
}

const folder = 'build/wasm/tests/bench/bare';

export async function bareFactory(tools: HostTools, threads: number): Promise<() => Promise<BareModule>> {
  const name = `${folder}/offramp_bare_${threads > 1 ? 'threads' : 'single'}`;
  const { default: factory } = (await import(tools.url(`${name}.mjs`))) as { default: BareFactory };
  const wasmBinary = await tools.bytes(`${name}.wasm`);
  return () => factory({ wasmBinary, workers: threads - 1 });
}

/** Errors: NotCovered for a model with other layers. */
export function loadLayers(module: BareModule, model: Uint8Array): void {
  const pointer = module._malloc(model.length);
  module.HEAPU8.set(model, pointer);
  const error = module.UTF8ToString(module._bare_load(pointer, model.length));
  module._free(pointer);
  if (error !== '') throw new NotCovered(error);
}

export function readLayers(module: BareModule): { layers: Layers; weights: Float32Array } {
  const layers = JSON.parse(module.UTF8ToString(module._bare_layers())) as Layers;
  const at = module._bare_weights() / 4;
  return { layers, weights: module.HEAPF32.slice(at, at + module._bare_weight_count()) };
}

/** [N, C, ...] to [N, ..., C]. */
export function channelsLast(values: Float32Array, dims: readonly number[]): Float32Array {
  const channels = dims[1] as number;
  const positions = dims.slice(2).reduce((a, b) => a * b, 1);
  const out = new Float32Array(values.length);
  for (let channel = 0; channel < channels; channel += 1) {
    for (let position = 0; position < positions; position += 1) out[position * channels + channel] = values[channel * positions + position] as number;
  }
  return out;
}
