// onnxruntime-web with its WebAssembly provider.
import type * as Ort from 'onnxruntime-web';
import type { Prepare } from './engine.js';

const folder = 'node_modules/onnxruntime-web/dist';

export const prepareOnnxRuntime: Prepare = async (tools, { threads }, model, input) => {
  const ort = (await import(tools.url(`${folder}/${tools.kind === 'node' ? 'ort.node.min.mjs' : 'ort.wasm.bundle.min.mjs'}`))) as typeof Ort;
  const wasm = await tools.bytes(`${folder}/ort-wasm-simd-threaded.wasm`);
  return async () => {
    ort.env.wasm.wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) as ArrayBuffer;
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = 'error';
    const session = await ort.InferenceSession.create(model, { executionProviders: ['wasm'], graphOptimizationLevel: 'all' });
    const [output] = session.outputNames as [string];
    return async () => {
      const results = await session.run({ [input.name]: new ort.Tensor('float32', input.values, input.dims) });
      return results[output]?.data as Float32Array;
    };
  };
};
