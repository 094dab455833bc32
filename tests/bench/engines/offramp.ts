// Offramp itself, through the contract that its hosts use: a session's run, arrays in and arrays out.
import type { Engine, ModuleFactory, RawTensor } from '@offramp/engine';
import type { Prepare } from './engine.js';
import { NotCovered } from './engine.js';

export const prepareOfframp: Prepare = async (tools, { threads, variant }) => {
  if (threads !== 1 || (variant ?? 'simd') !== 'simd') throw new NotCovered(`no wasm file for ${variant}, ${threads} threads`);
  const { loadEngine } = (await import(tools.url('wasm/dist/engine/engine.js'))) as { loadEngine: (source: object) => Promise<Engine> };
  const { default: factory } = (await import(tools.url('wasm/dist/offramp.mjs'))) as { default: ModuleFactory };
  const wasmBinary = await tools.bytes('wasm/dist/offramp.wasm');
  return async (model, input) => {
    const engine = await loadEngine({ factory, wasmBinary });
    const session = engine.createSession(model);
    const { values } = input;
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    return () => {
      const [output] = session.run([{ dtype: 'f32', dims: input.dims, data }]) as [RawTensor];
      return new Float32Array(output.data.buffer, output.data.byteOffset, output.data.byteLength / 4);
    };
  };
};
