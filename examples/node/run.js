// usage: node examples/node/run.js model.offramp rows.npy [threads]
// Prints a line of JSON per row: class, exit, score, probabilities.
import { readFile } from 'node:fs/promises';
import { readNpy, unzipPackage } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { answerRows } from '../answer_rows.js';

const [packagePath, rowsPath, threads = '1'] = process.argv.slice(2);
const engine = await loadNodeEngine({ threads: Number(threads) });
console.error(`${engine.variant}, threads: ${engine.threads}`);
const runtime = engine.createRuntime(unzipPackage(await readFile(packagePath)));
for (const line of answerRows(runtime, readNpy(await readFile(rowsPath)))) console.log(line);
engine.dispose();
