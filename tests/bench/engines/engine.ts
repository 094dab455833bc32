// What every engine under measurement looks like. These files run in Node and in a browser's worker alike: they import
// nothing but each other, and get libraries, files and wasm from the host.

export interface HostTools {
  kind: 'node' | 'chromium';
  /** The URL of a file of the checkout, by its path there. */
  url(path: string): string;
  bytes(path: string): Promise<Uint8Array>;
}

export interface EngineChoice {
  engine: 'offramp' | 'onnxruntime-web' | 'tfjs' | 'bare';
  /** Of Offramp: which wasm file. */
  variant?: string;
  threads: number;
}

export interface ModelInput {
  /** Of the model's input. */
  name: string;
  dims: number[];
  values: Float32Array;
}

/** From the input array to the output array; the bare runner only invokes. */
export type Run = () => Float32Array | Promise<Float32Array>;

/** Compiles the engine and builds the model: what a first result has to wait for, once all bytes are there. */
export type Start = () => Promise<Run>;

/** Loads JavaScript and reads wasm; the engine is not started yet. */
export type Prepare = (tools: HostTools, choice: EngineChoice, model: Uint8Array, input: ModelInput) => Promise<Start>;

/** The engine cannot run this model or these threads: it has no row, and that is no failure. */
export class NotCovered extends Error {}
