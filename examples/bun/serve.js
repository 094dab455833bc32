// usage: bun examples/bun/serve.js model.offramp [port]
// A fog endpoint: the Open Inference Protocol for a package's later stages. Prints its URL.
import { loadNodeEngine } from '@offramp/engine/node';
import { fogHandler } from '../fog_handler.js';

const [packagePath, port = '8700'] = Bun.argv.slice(2);
const fetch = fogHandler(await loadNodeEngine(), await Bun.file(packagePath).bytes());
const server = Bun.serve({ hostname: '127.0.0.1', port: Number(port), fetch });
console.log(server.url.origin);
