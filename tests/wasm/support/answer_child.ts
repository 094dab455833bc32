// A process of its own for variants.test.ts. Each argument is JSON, {variant, threads}: loads that engine and answers one
// sample. Prints [{variant, threads, logits}]; with DISPOSE=1 the engines are disposed. The process must end by itself.
import { readFileSync } from 'node:fs';
import { toTypedArray, type EngineOptions } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';

const model = readFileSync('examples/fashion_mnist/base.onnx');
const sample = new Uint8Array(Float32Array.from({ length: 784 }, (_, i) => (i % 29) / 29).buffer);
const answers: { variant: string; threads: number; logits: number[] }[] = [];
for (const argument of process.argv.slice(2)) {
  const engine = await loadNodeEngine(JSON.parse(argument) as EngineOptions);
  const session = engine.createSession(model);
  const [logits] = session.run([{ dtype: 'f32', dims: [1, 1, 28, 28], data: sample }]);
  if (logits === undefined) throw new Error('no output');
  answers.push({ variant: engine.variant, threads: engine.threads, logits: Array.from(toTypedArray(logits) as Float32Array) });
  if (process.env['DISPOSE'] === '1') engine.dispose();
}
console.log(JSON.stringify(answers));
