// Offramp itself, through the contract that its hosts use: a session's run, arrays in and arrays out.
import type { Engine, ModuleFactory, OfframpError, RawTensor, Session } from '@offramp/engine';
import { NotCovered, type Prepare } from './engine.js';

export const prepareOfframp: Prepare = async (tools, { threads, variant }, model, input) => {
  const name = `${variant ?? 'simd'}${threads > 1 ? '-threads' : ''}`;
  const { loadEngine } = (await import(tools.url('wasm/dist/engine/engine.js'))) as { loadEngine: (source: object) => Promise<Engine> };
  const { default: factory } = (await import(tools.url(`wasm/dist/${name}/offramp.mjs`))) as { default: ModuleFactory };
  const wasmBinary = await tools.bytes(`wasm/dist/${name}/offramp.wasm`);
  if (!WebAssembly.validate(wasmBinary as Uint8Array<ArrayBuffer>)) throw new NotCovered(`this host cannot run ${name}`);
  const { values } = input;
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return async () => {
    const session = createSession(await loadEngine({ factory, wasmBinary, variant: name, threads }), model);
    return () => {
      const [output] = session.run([{ dtype: 'f32', dims: input.dims, data }]) as [RawTensor];
      return new Float32Array(output.data.buffer, output.data.byteOffset, output.data.byteLength / 4);
    };
  };
};

function createSession(engine: Engine, model: Uint8Array): Session {
  try {
    return engine.createSession(model);
  } catch (thrown) {
    const { code, message } = thrown as OfframpError;
    throw code === 'unsupported' ? new NotCovered(message) : thrown;
  }
}
