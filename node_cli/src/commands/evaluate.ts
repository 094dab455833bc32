// offramp evaluate MODEL|PACKAGE --data D
import {
  choosePreprocess, encodings, evaluateLink, evaluateRows, evaluateStream, invalidArgument, modelClasses, within, type Dataset, type Engine,
  type EvaluateReport, type LinkReport, type PackageFile, type StreamReport, type Subject,
} from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { worstClass } from '../augment_text.js';
import { engineOptions } from '../engine_options.js';
import { readData, readModelOrPackage, readPreprocess } from '../inputs.js';
import type { CommandIo } from '../io.js';
import { labelsOf } from '../manifest.js';
import type { Arguments } from '../options.js';
import { ProgressLine } from '../progress_line.js';
import { readToken, readUrl } from '../remote_options.js';
import { bar, changePercent, count, duration, heading, macs, percent, points, safe, signedPercent, signedPoints, table, threshold } from '../tables.js';

export async function evaluate(args: Arguments, io: CommandIo): Promise<void> {
  const backend = args.choice('backend', ['xnnpack', 'reference']) ?? 'xnnpack';
  const options = engineOptions(args);
  const most = args.integer('rows', 1, 1e7);
  const stream = args.choice('stream', ['difference', 'patience']);
  const maxDrop = args.number('max-drop', 0, 100);
  const offload = args.text('offload');
  const remote = offload === undefined ? undefined : { url: readUrl('offload', offload), client: { token: readToken('OFFRAMP_TOKEN') } };
  const encoding = args.choice('encoding', encodings);
  const deadlineMs = args.integer('deadline-ms', 1, 3_600_000);
  const linked = remote !== undefined || encoding !== undefined;
  const path = args.positional(0);
  if (remote === undefined && deadlineMs !== undefined) throw invalidArgument('--deadline-ms goes with --offload URL');
  if (stream !== undefined && linked) throw invalidArgument('--stream is for a package on one machine; leave out --offload and --encoding');
  const read = await readModelOrPackage(path);
  const given = await readPreprocess(args.text('preprocess'));
  if (stream === undefined && (args.has('select') || args.has('max-drop'))) throw invalidArgument('--select and --max-drop go with --stream RULE');
  if (stream !== undefined && !('package' in read)) throw invalidArgument('--stream is for packages: a model has no exit that could look at a window');
  if (stream !== undefined && !args.has('select')) throw invalidArgument('--stream needs --select DATA: records that choose its thresholds');
  if (linked && !('package' in read)) throw invalidArgument('--offload and --encoding are for packages: a model is not cut into stages');
  if ('package' in read && given !== undefined) throw invalidArgument('--preprocess is for models; a package brings its own preprocessing');
  const engine = await loadNodeEngine(options);
  const labels = 'package' in read ? within(path, () => packageLabels(engine, read.package)) : undefined;
  const data = await readData(args.requiredText('data'), labels, most);
  const subject = 'package' in read ? read : modelSubject(engine, path, read.model, data, given, io);
  const select = stream === undefined ? undefined : await readData(args.requiredText('select'), labels, undefined);
  const progress = new ProgressLine(io);
  let report: EvaluateReport & { stream?: StreamReport; link?: LinkReport };
  try {
    const { report: own, answers } = await evaluateRows(engine, subject, data, { backend }, { onProgress: progress.show });
    report = own;
    if (linked && 'package' in read) {
      report.link = await evaluateLink(engine, read.package, data, answers.staged ?? answers.base, { remote, encoding, deadlineMs, backend }, { onProgress: progress.show });
    }
    if (stream !== undefined && select !== undefined && 'package' in read) {
      report.stream = await evaluateStream(engine, read.package, select, data,
        { rule: stream, maxDropPp: maxDrop ?? within(path, () => packageDrop(engine, read.package)), backend }, { onProgress: progress.show });
    }
  } finally {
    progress.clear();
  }
  if (args.has('json')) io.out(`${JSON.stringify(report)}\n`);
  else io.out(describe(report, 'package' in read, labels ?? data.labels, io) + (report.stream === undefined ? '' : describeStream(report.stream, io)) + (report.link === undefined ? '' : describeLink(report, report.link, io)));
}

/** The drop that a package was made for, 1 pp if it does not say. */
function packageDrop(engine: Engine, files: PackageFile[]): number {
  const runtime = engine.createRuntime(files);
  try {
    const { evidence } = runtime.manifest() as { evidence?: { search?: { max_drop_pp?: unknown } } };
    const drop = evidence?.search?.max_drop_pp;
    return typeof drop === 'number' && drop >= 0 && drop <= 100 ? drop : 1;
  } finally {
    runtime.dispose();
  }
}

function describeStream(report: StreamReport, io: CommandIo): string {
  const { test, test_plain: plain } = report;
  const figures = table([
    ['', 'exits alone', `with ${report.rule}`],
    ['accuracy', signedPoints(plain.accuracy_change_pp), signedPoints(test.accuracy_change_pp)],
    ['harm', points(plain.harm_pp), points(test.harm_pp)],
    ['mean MACs', signedPercent(plain.mean_macs_change_pct), signedPercent(test.mean_macs_change_pct)],
    ['answers repeated', percent(0), percent(test.reuse_rate)],
  ], ['left', 'right', 'right']);
  const chosen = report.threshold === null ? 'repeating answers does not pay' : `threshold ${threshold(report.threshold)}`;
  return `\n${heading(`records in order, against the base`, io.terminal)}\n${figures}\n\n${chosen}, chosen on ${count(report.rows.select)} rows for a drop of at most ${points(report.max_drop_pp)}\n`;
}

function describeLink(here: EvaluateReport, link: LinkReport, io: CommandIo): string {
  const { url } = link;
  const figures = table([
    ['', 'one machine', 'over the link', 'change'],
    ['accuracy', percent(here.accuracy), percent(link.accuracy), signedPoints(link.accuracy_change_pp)],
    ...(url === null ? [] : [['mean latency', duration(here.mean_latency_ns), duration(link.mean_latency_ns), signedPercent(changePercent(here.mean_latency_ns, link.mean_latency_ns))]]),
  ], ['left', 'right', 'right', 'right']);
  const reasons = Object.entries(link.degraded_reasons).map(([reason, rows]) => `${reason.replaceAll('_', ' ')} ${count(rows)}`).join(', ');
  const lines = [
    `${percent(link.cross_rate)} of the rows cross, ${count(link.mean_bytes)} bytes each as ${link.encoding}; ${count(link.changed)} of ${count(link.samples)} answers differ`,
    ...(link.degraded === 0 ? [] : [`${count(link.degraded)} answers are degraded: ${reasons}`]),
  ];
  const where = url === null ? `stages from ${link.stage} on behind a link, its rounding done here` : `stages from ${link.stage} on at ${safe(url, 200)}`;
  return `\n${heading(where, io.terminal)}\n${figures}\n\n${lines.join('\n')}\n`;
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
