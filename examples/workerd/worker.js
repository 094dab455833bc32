// A fog endpoint on workerd, which takes modules compiled ahead: the Open Inference Protocol for a package's later stages.
import { loadEngine } from '@offramp/engine';
import factory from '../../wasm/dist/simd/offramp.mjs';
import { fogHandler } from '../fog_handler.js';
import packageBytes from 'model.offramp';
import wasmModule from 'offramp.wasm';

const engine = await loadEngine({ factory, wasmModule, variant: 'simd', threads: 1 });

export default { fetch: fogHandler(engine, new Uint8Array(packageBytes)) };
