// A fog endpoint on workerd, which takes modules compiled ahead: the Open Inference Protocol for a package's later stages.
import { loadEngine, unzipPackage } from '@offramp/engine';
import { fetchHandler, localService } from '@offramp/engine/serving';
import factory from '../../wasm/dist/simd/offramp.mjs';
import packageBytes from 'model.offramp';
import wasmModule from 'offramp.wasm';

const engine = await loadEngine({ factory, wasmModule, variant: 'simd', threads: 1 });
const service = localService(engine, unzipPackage(new Uint8Array(packageBytes)), { from: 1 });

export default { fetch: fetchHandler(service, { mostBodyBytes: 2 ** 24, onError: (thrown) => console.error(thrown) }) };
