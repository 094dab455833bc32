// The engines by name.
import { prepareBare } from './bare.js';
import type { EngineChoice, Prepare } from './engine.js';
import { prepareOfframp } from './offramp.js';
import { prepareOnnxRuntime } from './onnxruntime.js';
import { prepareTfjs } from './tfjs.js';

export const engines: Partial<Record<EngineChoice['engine'], Prepare>> = {
  offramp: prepareOfframp,
  'onnxruntime-web': prepareOnnxRuntime,
  tfjs: prepareTfjs,
  bare: prepareBare,
};
