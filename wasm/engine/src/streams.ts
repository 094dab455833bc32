// Drives the core's study of stream rules over records in order of time.
import { sliceDataset, takeRows, type Dataset } from './data/dataset.js';
import type { Engine } from './engine.js';
import { invalidData, throwIfAborted, within } from './errors.js';
import type { HostControls } from './evaluate.js';
import { ProgressEstimator } from './progress.js';
import type { Backend, PackageFile, StreamRule } from './raw_module.js';
import type { StreamReport } from './reports.js';
import { Scheduler } from './scheduler.js';

const rowsAtOnce = 64;

export interface StreamOptions {
  rule: StreamRule;
  maxDropPp: number;
  backend?: Backend | undefined;
}

/**
 * A stream rule on a package: thresholds chosen on `select`, figures on `test`. A group is a record; its rows are in the order of
 * the data's `order`, else of the file.
 * Errors: invalid_data for data without groups; infeasible if no threshold keeps the drop; cancelled.
 */
export async function evaluateStream(
  engine: Engine, files: PackageFile[], select: Dataset, test: Dataset, options: StreamOptions, host: HostControls = {},
): Promise<StreamReport> {
  throwIfAborted(host.signal);
  const evaluator = engine.createStreamEvaluator(files, options.backend ?? 'xnnpack');
  const progress = new ProgressEstimator([{ name: 'evaluate', weight: 1 }], () => performance.now() / 1000);
  const scheduler = new Scheduler(host.signal);
  const total = select.y.length + test.y.length;
  let done = 0;
  try {
    for (const [part, data] of [['select', select], ['test', test]] as const) {
      const { rows, starts } = inOrder(data);
      for (let begin = 0; begin < rows.y.length; begin += rowsAtOnce) {
        const chunk = sliceDataset(rows, begin, Math.min(begin + rowsAtOnce, rows.y.length));
        within(`data ${data.name}`, () => evaluator.addRows(part, chunk.x, chunk.y, starts.subarray(begin, begin + chunk.y.length)));
        done += chunk.y.length;
        host.onProgress?.(progress.update('evaluate', done, total));
        await scheduler.breathe();
      }
    }
    return evaluator.result(options.rule, options.maxDropPp / 100);
  } finally {
    evaluator.dispose();
  }
}

/** Record after record, each in order of time. Errors: invalid_data for data without groups. */
export function inOrder(data: Dataset): { rows: Dataset; starts: Int32Array } {
  const { groups, order } = data;
  if (groups === undefined) throw invalidData('records are needed: name their numbers as "groups"').within(`data ${data.name}`);
  const at = Int32Array.from(groups, (_, row) => row).sort((a, b) =>
    (groups[a] as number) - (groups[b] as number) || (order === undefined ? 0 : (order[a] as number) - (order[b] as number)) || a - b);
  const starts = Int32Array.from(at, (row, index) => (index === 0 || groups[row] !== groups[at[index - 1] as number] ? 1 : 0));
  return { rows: takeRows(data, at), starts };
}
