// offramp run PACKAGE --input X
import { OfframpError, within, type Exited, type RawTensor, type Runtime } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { engineOptions } from '../engine_options.js';
import { readPackage, readSample } from '../inputs.js';
import type { CommandIo } from '../io.js';
import { exitName, exitsBefore, labelsOf } from '../manifest.js';
import type { Arguments } from '../options.js';
import { macs, percent, safe, table, threshold } from '../tables.js';

export async function run(args: Arguments, io: CommandIo): Promise<void> {
  const backend = args.choice('backend', ['xnnpack', 'reference']) ?? 'xnnpack';
  const options = engineOptions(args);
  const row = args.integer('row', 0, 1e9);
  const path = args.positional(0);
  const input = args.requiredText('input');
  const files = await readPackage(path);
  const sample = await readSample(input, row);
  const engine = await loadNodeEngine(options);
  const runtime = within(path, () => engine.createRuntime(files, backend));
  try {
    const answer = within(input, () => answerSample(runtime, sample));
    const manifest = runtime.manifest();
    const label = labelsOf(manifest)?.[answer.predictedClass];
    const at = exitName(manifest, answer.exit);
    const spent = runtime.executedMacs();
    const probability = answer.probabilities[answer.predictedClass] ?? 0;
    if (args.has('json')) {
      io.out(`${JSON.stringify({
        class: answer.predictedClass, label: label ?? null, probability, exit: answer.exit, stages: runtime.stageCount(), at: at ?? null,
        score: answer.score, macs: spent, probabilities: [...answer.probabilities],
      })}\n`);
      return;
    }
    const last = answer.exit + 1 === runtime.stageCount();
    io.out(`${table([
      ['class', label === undefined ? String(answer.predictedClass) : `${answer.predictedClass} (${safe(label)})`],
      ['probability', percent(probability)],
      ['exit', last ? 'none: the whole model' : `${exitsBefore(manifest, answer.exit) + 1}: early, after ${safe(at ?? `stage ${answer.exit + 1}`)}`],
      ['score', threshold(answer.score)], ['MACs', macs(spent)],
    ], ['left', 'left'])}\n`);
  } finally {
    runtime.dispose();
  }
}

/** A shape that does not fit is the runtime's caller's fault; here the caller's argument is a file of the user's. */
function answerSample(runtime: Runtime, sample: RawTensor): Exited {
  try {
    return runtime.run(sample);
  } catch (thrown) {
    const error = OfframpError.from(thrown);
    throw error.code === 'invalid_argument' ? new OfframpError('invalid_data', error.detail, error.context) : error;
  }
}
