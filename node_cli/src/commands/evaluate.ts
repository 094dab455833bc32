// offramp evaluate MODEL|PACKAGE --data D
import {
  choosePreprocess, evaluateModel, invalidArgument, modelClasses, within, type Dataset, type Engine, type EvaluateReport,
  type PackageFile, type Subject,
} from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { worstClass } from '../augment_text.js';
import { engineOptions } from '../engine_options.js';
import { readData, readModelOrPackage, readPreprocess } from '../inputs.js';
import type { CommandIo } from '../io.js';
import { labelsOf } from '../manifest.js';
import type { Arguments } from '../options.js';
import { ProgressLine } from '../progress_line.js';
import { bar, changePercent, count, duration, heading, macs, percent, points, signedPercent, signedPoints, table } from '../tables.js';

export async function evaluate(args: Arguments, io: CommandIo): Promise<void> {
  const backend = args.choice('backend', ['xnnpack', 'reference']) ?? 'xnnpack';
  const options = engineOptions(args);
  const most = args.integer('rows', 1, 1e7);
  const path = args.positional(0);
  const read = await readModelOrPackage(path);
  const given = await readPreprocess(args.text('preprocess'));
  if ('package' in read && given !== undefined) throw invalidArgument('--preprocess is for models; a package brings its own preprocessing');
  const engine = await loadNodeEngine(options);
  const labels = 'package' in read ? within(path, () => packageLabels(engine, read.package)) : undefined;
  const data = await readData(args.requiredText('data'), labels, most);
  const subject = 'package' in read ? read : modelSubject(engine, path, read.model, data, given, io);
  const progress = new ProgressLine(io);
  let report: EvaluateReport;
  try {
    report = await evaluateModel(engine, subject, data, { backend }, { onProgress: progress.show });
  } finally {
    progress.clear();
  }
  io.out(args.has('json') ? `${JSON.stringify(report)}\n` : describe(report, 'package' in read, labels ?? data.labels, io));
}

function packageLabels(engine: Engine, files: PackageFile[]): string[] | undefined {
  const runtime = engine.createRuntime(files);
  try {
    return labelsOf(runtime.manifest());
  } finally {
    runtime.dispose();
  }
}

function modelSubject(
  engine: Engine, path: string, model: Uint8Array, data: Dataset, given: Parameters<typeof choosePreprocess>[2], io: CommandIo,
): Subject {
  const inspected = within(path, () => engine.inspect(model));
  const { steps, assumed } = choosePreprocess(inspected, data, given);
  if (assumed !== undefined) io.err(`offramp: ${data.name} brings no preprocessing; assumed: ${assumed}\n`);
  return { model, preprocess: steps, classes: modelClasses(inspected) };
}

function describe(report: EvaluateReport, staged: boolean, labels: readonly string[] | undefined, io: CommandIo): string {
  const rows = `measured on ${count(report.samples)} rows`;
  if (!staged) {
    return `${table([
      ['accuracy', percent(report.accuracy)], ['macro F1', percent(report.macro_f1)], ['MACs', macs(report.base_macs)],
      ['mean latency', duration(report.mean_latency_ns)],
    ], ['left', 'right'])}\n\n${rows}\n`;
  }
  const figures = table([
    ['', 'base', 'early exit', 'change'],
    ['accuracy', percent(report.base_accuracy), percent(report.accuracy), signedPoints(report.accuracy_change_pp)],
    ['macro F1', percent(report.base_macro_f1), percent(report.macro_f1), signedPoints(100 * (report.macro_f1 - report.base_macro_f1))],
    ['harm', '', points(report.harm_pp), ''],
    ['mean MACs', macs(report.base_macs), macs(report.mean_macs), signedPercent(report.mean_macs_change_pct)],
    ['mean latency', duration(report.base_mean_latency_ns), duration(report.mean_latency_ns), signedPercent(changePercent(report.base_mean_latency_ns, report.mean_latency_ns))],
  ], ['left', 'right', 'right', 'right']);
  const exits = table(report.exit_rates.map((rate, index) => [
    index + 1 < report.exit_rates.length ? `exit ${index + 1}` : 'the whole model', percent(rate), bar(rate),
  ]), ['left', 'right', 'left']);
  const worst = worstClass(report.class_recall_change_pp, labels);
  return `${figures}\n\n${heading('rows leave at', io.terminal)}\n${exits}\n\n${worst === undefined ? '' : `${worst}\n`}${rows}\n`;
}
