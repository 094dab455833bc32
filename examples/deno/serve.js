// usage: deno run --allow-read --allow-env --allow-net examples/deno/serve.js model.offramp [port]
// A fog endpoint: the Open Inference Protocol for a package's later stages. Prints its URL.
import { loadNodeEngine } from '@offramp/engine/node';
import { fogHandler } from '../fog_handler.js';

const [packagePath, port = '8700'] = Deno.args;
const handler = fogHandler(await loadNodeEngine(), await Deno.readFile(packagePath));
Deno.serve({ hostname: '127.0.0.1', port: Number(port), onListen: (at) => console.log(`http://127.0.0.1:${at.port}`) }, handler);
