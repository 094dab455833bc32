// usage: deno run --allow-read --allow-env examples/deno/run.js model.offramp rows.npy [threads]
// Prints a line of JSON per row: class, exit, score, probabilities.
import { readNpy, unzipPackage } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { answerRows } from '../answer_rows.js';

const [packagePath, rowsPath, threads = '1'] = Deno.args;
const engine = await loadNodeEngine({ threads: Number(threads) });
console.error(`${engine.variant}, threads: ${engine.threads}`);
const runtime = engine.createRuntime(unzipPackage(await Deno.readFile(packagePath)));
for (const line of answerRows(runtime, readNpy(await Deno.readFile(rowsPath)))) console.log(line);
engine.dispose();
