// Run on a host: what its WebAssembly knows, as a line of JSON.
import { detectFeatures } from '@offramp/engine';

console.log(JSON.stringify(detectFeatures()));
