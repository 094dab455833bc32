// The yardstick: XNNPACK's subgraph with input and output in place, and nothing but its invocation timed.
import { bareFactory, channelsLast, loadLayers } from './bare_module.js';
import type { Prepare } from './engine.js';

export const prepareBare: Prepare = async (tools, { threads }, model, input) => {
  const create = await bareFactory(tools, threads);
  return async () => {
    const module = await create();
    loadLayers(module, model);
    const error = module.UTF8ToString(module._bare_build(threads));
    if (error !== '') throw new Error(error);
    module.HEAPF32.set(channelsLast(input.values, input.dims), module._bare_input() / 4);
    const at = module._bare_output() / 4;
    const output = module.HEAPF32.subarray(at, at + module._bare_output_count());
    return () => {
      module._bare_invoke();
      return output;
    };
  };
};
