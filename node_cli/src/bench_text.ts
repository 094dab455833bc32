// The text of `offramp bench`.
import { isJsonObject, type BenchTimes, type JsonObject } from '@offramp/engine';
import type { Terminal } from './io.js';
import { changePercent, count, duration, heading, macs, percent, safe, signedPercent, table } from './tables.js';

export interface BenchReport extends BenchTimes {
  model: string;
  /** Of a package whose manifest tells how many rows leave where. */
  mean_ns?: number;
}

/** The share of test rows that each stage answers, by the manifest's evidence; undefined if that does not tell. */
export function exitShares(manifest: JsonObject, stages: number): number[] | undefined {
  const evidence = manifest['evidence'];
  const plan = isJsonObject(evidence) ? evidence['plan'] : undefined;
  const exits = isJsonObject(plan) ? plan['exits'] : undefined;
  if (!Array.isArray(exits) || exits.length !== stages - 1) return undefined;
  const shares = exits.map((exit) => (isJsonObject(exit) && typeof exit['exit_rate'] === 'number' ? exit['exit_rate'] : NaN));
  const rest = 1 - shares.reduce((sum, share) => sum + share, 0);
  return shares.every((share) => share >= 0) && rest >= -1e-9 ? [...shares, Math.max(0, rest)] : undefined;
}

export function describeBench(reports: readonly BenchReport[], shares: readonly number[] | undefined, terminal: Terminal): string {
  const [first] = reports as readonly [BenchReport];
  const rows = reports.map((report) => [
    `${report.variant}, ${report.threads} thread${report.threads === 1 ? '' : 's'}`, duration(report.median_ns), duration(report.p10_ns), duration(report.p90_ns),
    count(report.runs), throughput(report.macs, report.median_ns), duration(report.first_result_ns),
  ]);
  const head = `${safe(first.model, 120)}: ${macs(first.macs)} MACs, ${first.backend}\n\n`;
  const whole = table([['', 'median', 'p10', 'p90', 'runs', 'MAC/s', 'first result'], ...rows], ['left', 'right', 'right', 'right', 'right', 'right', 'right']);
  return `${head}${whole}\n${reports.map((report) => describeStages(report, shares, terminal)).join('')}`;
}

function describeStages(report: BenchReport, shares: readonly number[] | undefined, terminal: Terminal): string {
  if (report.stages === undefined) return '';
  const last = report.stages.length - 1;
  const rows = report.stages.map((stage, index) => [
    index === last ? 'the rest' : `stage ${index + 1}`, macs(stage.macs), duration(stage.median_ns), duration(stage.answer_ns), percent(shares?.[index]),
  ]);
  const title = `stages, ${report.threads} thread${report.threads === 1 ? '' : 's'}`;
  const mean = report.mean_ns === undefined ? '' : `\nmean over the package's test rows ${duration(report.mean_ns)}, ${signedPercent(changePercent(report.median_ns, report.mean_ns))} against running all stages\n`;
  return `\n${heading(title, terminal)}\n${table([['', 'MACs', 'median', 'answer after', 'rows leave'], ...rows], ['left', 'right', 'right', 'right', 'right'])}\n${mean}`;
}

function throughput(spent: number, ns: number): string {
  return macs((spent / ns) * 1e9);
}
