// usage: bun examples/bun/run.js model.offramp rows.npy [threads]
// Prints a line of JSON per row: class, exit, score, probabilities.
import { readNpy, unzipPackage } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { answerRows } from '../answer_rows.js';

const bytesOf = (path) => Bun.file(path).bytes();
const [packagePath, rowsPath, threads = '1'] = Bun.argv.slice(2);
const engine = await loadNodeEngine({ threads: Number(threads) });
console.error(`${engine.variant}, threads: ${engine.threads}`);
const runtime = engine.createRuntime(unzipPackage(await bytesOf(packagePath)));
for (const line of answerRows(runtime, readNpy(await bytesOf(rowsPath)))) console.log(line);
engine.dispose();
