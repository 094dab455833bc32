// offramp augment MODEL --data D -o OUT
import { resolve } from 'node:path';
import {
  augmentModel, choosePreprocess, invalidArgument, makeParts, modelClasses, OfframpError, sampleRows, within, zipPieces, type Dataset, type KeptProgress,
  type Parts,
} from '@offramp/engine';
import { collectGarbage, loadNodeEngine } from '@offramp/engine/node';
import { describeAugment, describeLink } from '../augment_text.js';
import { planningOptions } from '../engine_options.js';
import { readData, readModel, readPreprocess, readTargets } from '../inputs.js';
import type { CommandIo } from '../io.js';
import type { Arguments } from '../options.js';
import { cancelledText, progressFolder, progressStore } from '../progress_folder.js';
import { ProgressLine } from '../progress_line.js';
import { readToken } from '../remote_options.js';
import { featuresNameOf } from './export.js';
import { safe } from '../tables.js';

const largestSeed = Number.MAX_SAFE_INTEGER;

const share = (percent: number | undefined): number | undefined => (percent === undefined ? undefined : percent / 100);

function readOptions(args: Arguments) {
  return {
    maxDropPp: args.number('max-drop', 0, 100),
    maxClassDropPp: args.number('max-class-drop', 0, 100),
    minAccuracy: share(args.number('min-accuracy', 0, 100)),
    rule: args.choice('rule', ['harm', 'accuracy', 'weighted']),
    costWeight: args.number('cost-weight', 0, 1),
    maxExits: args.integer('max-exits', 0, 8),
    certifyPp: args.number('certify', 0.01, 50),
    confidence: args.number('confidence', 50, 99.99),
    method: args.choice('method', ['joint', 'paper']),
    epochs: args.integer('epochs', 1, 1000),
    classWeights: args.choice('class-weights', ['none', 'balanced']),
    paperCostWeight: args.number('paper-cost-weight', 0, 1),
    paperCorrection: args.number('paper-correction', 0.1, 1),
    seed: args.integer('seed', 0, largestSeed),
    backend: args.choice('backend', ['xnnpack', 'reference']),
    cost: args.choice('cost', ['macs', 'latency', 'energy', 'link_bytes']),
    maxLatencyMs: args.number('max-latency', 1e-6, 1e9),
  };
}

export async function augment(args: Arguments, io: CommandIo): Promise<void> {
  const options = readOptions(args);
  if (options.certifyPp === undefined && (options.confidence !== undefined || args.has('certify-data')))
    throw invalidArgument('--confidence and --certify-data go with --certify PP');
  if (options.certifyPp !== undefined && options.method === 'paper') throw invalidArgument("--certify: the paper's method has no certificate");
  const engineOptions = planningOptions(args);
  const rows = { train: args.integer('train-rows', 1, 1e7), select: args.integer('select-rows', 1, 1e7), test: args.integer('test-rows', 1, 1e7) };
  const seed = options.seed ?? 0;
  const targets = await readTargets(args.text('targets'));
  const token = readToken('OFFRAMP_TOKEN');
  const modelPath = args.positional(0);
  const extractOn = args.text('extract-on');
  if (extractOn === undefined && args.has('extract-model')) throw invalidArgument('--extract-model goes with --extract-on URL');
  const output = args.requiredText('output');
  if (resolve(output) === resolve(modelPath)) throw invalidArgument(`-o ${output} would overwrite the model`);
  await io.checkWritable(output);
  const model = await readModel(modelPath);
  const engine = await loadNodeEngine(engineOptions);
  const inspected = within(modelPath, () => engine.inspect(model));
  const given = await readPreprocess(args.text('preprocess'));
  const sets = await readSets(args);
  const { steps, assumed } = choosePreprocess(inspected, sets.data, given);
  const split = makeParts(engine, sets, seed, options.certifyPp !== undefined);
  const said = [...(assumed === undefined ? [] : [`${sets.data.name} brings no preprocessing; assumed: ${assumed}`]), ...split.said];
  const parts = { ...limitRows(split, rows, seed), said };
  const say = (remark: string): void => io.err(`offramp: ${safe(remark, 1000)}\n`);
  said.forEach(say);
  const progress = new ProgressLine(io);
  const tell = (text: string): void => {
    progress.clear();
    say(text);
  };
  const folder = progressFolder(output);
  const kept = keptProgress(folder, parts, io, tell);
  if (args.has('fresh')) await io.removeProgress(folder);
  const stop = new AbortController();
  void io.untilStopped(folder).then(() => stop.abort());
  let outcome: Awaited<ReturnType<typeof augmentModel>>;
  try {
    outcome = await augmentModel(engine, model, parts, { ...options, targets, preprocess: steps, labels: sets.data.labels },
      {
        onProgress: progress.show, classes: modelClasses(inspected), onRemark: tell, kept, signal: stop.signal,
        extractOn: extractOn === undefined ? undefined : { url: extractOn, model: args.text('extract-model') ?? featuresNameOf(modelPath), client: { token } },
        onModelRead: () => void collectGarbage(model),
        linkClient: { token }, onLink: (link) => tell(`link to ${describeLink(link)}`),
      });
  } catch (thrown) {
    throw stop.signal.aborted ? new OfframpError('cancelled', cancelledText(folder)) : thrown;
  } finally {
    progress.clear();
  }
  const pieces = zipPieces(outcome.files, { consume: true });
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  await io.writePieces(output, pieces);
  await kept.store.clear().catch((thrown: unknown) => tell(OfframpError.from(thrown).message));
  io.err(`offramp: wrote ${output} (${bytes} bytes)\n`);
  io.out(args.has('json') ? `${JSON.stringify(outcome.report)}\n` : describeAugment(outcome.report, sets.data.labels, io));
}

function keptProgress(folder: string, parts: Parts, io: CommandIo, tell: (text: string) => void): KeptProgress {
  const all = [parts.train, parts.select, parts.test, ...(parts.certify ? [parts.certify] : [])].reduce((sum, set) => sum + set.y.length, 0);
  return {
    store: progressStore(folder, io),
    onResume: (rows, step) => {
      const search = step === undefined ? '' : step.phase === 'search' ? ', all heads' : `, ${step.phase} ${step.done}/${step.total}`;
      tell(`going on from ${folder}: features of ${rows} of ${all} rows${search} (--fresh begins anew)`);
    },
    onProblem: (problem) => tell(`${folder}: ${problem}`),
  };
}

async function readSets(args: Arguments): Promise<{ data: Dataset; select?: Dataset; test?: Dataset; certify?: Dataset }> {
  const data = await readData(args.requiredText('data'), undefined, undefined);
  const other = async (name: string): Promise<Dataset | undefined> => {
    const path = args.text(name);
    return path === undefined ? undefined : readData(path, data.labels, undefined);
  };
  const select = await other('select');
  const test = await other('test');
  const certify = await other('certify-data');
  return { data, ...(select ? { select } : {}), ...(test ? { test } : {}), ...(certify ? { certify } : {}) };
}

function limitRows(parts: Parts, most: Record<'train' | 'select' | 'test', number | undefined>, seed: number): Parts {
  const limit = (set: Dataset, rows: number | undefined): Dataset => (rows === undefined ? set : sampleRows(set, rows, seed));
  return { ...parts, train: limit(parts.train, most.train), select: limit(parts.select, most.select), test: limit(parts.test, most.test) };
}
