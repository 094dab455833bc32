// The text of `offramp bench`.
import { isJsonObject, parseJson, type BenchTimes, type PackageFile } from '@offramp/engine';
import type { Terminal } from './io.js';
import { changePercent, count, duration, heading, macs, percent, safe, signedPercent, table } from './tables.js';

const leastNodes = 20;
const leastShare = 0.01;

export interface BenchReport extends BenchTimes {
  model: string;
  /** Of a package whose manifest tells how many rows leave where. */
  mean_ns?: number;
}

/** The share of test rows that each stage answers, by the manifest's evidence; undefined if that does not tell. */
export function exitShares(files: readonly PackageFile[]): number[] | undefined {
  const file = files.find(({ name }) => name === 'manifest.json');
  const manifest = file && parseJson(new TextDecoder().decode(file.bytes), file.name, 'invalid_package');
  const evidence = isJsonObject(manifest) ? manifest['evidence'] : undefined;
  const plan = isJsonObject(evidence) ? evidence['plan'] : undefined;
  const exits = isJsonObject(plan) ? plan['exits'] : undefined;
  if (!Array.isArray(exits)) return undefined;
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
  return `${head}${whole}\n${reports.map((report) => describeAnswers(report, shares, terminal) + describeProfile(report, terminal)).join('')}`;
}

function describeAnswers(report: BenchReport, shares: readonly number[] | undefined, terminal: Terminal): string {
  if (report.answers === undefined) return '';
  const last = report.answers.length - 1;
  const rows = report.answers.map(({ macs: spent, median_ns, p10_ns, p90_ns }, stage) => [
    stage === last ? 'the whole model' : `exit ${stage + 1}`, macs(spent), duration(median_ns), duration(p10_ns), duration(p90_ns), percent(shares?.[stage]),
  ]);
  const title = `answers, ${report.variant}, ${report.threads} thread${report.threads === 1 ? '' : 's'}`;
  const mean = report.mean_ns === undefined ? '' : `\nmean over the package's test rows: ${duration(report.mean_ns)}, ${signedPercent(changePercent(report.median_ns, report.mean_ns))} against all stages\n`;
  return `\n${heading(title, terminal)}\n${table([['from', 'MACs', 'median', 'p10', 'p90', 'rows leave'], ...rows], ['left', 'right', 'right', 'right', 'right', 'right'])}\n${mean}`;
}

/** The slowest nodes first; what takes next to nothing is one line at the end. */
function describeProfile({ profile, answers, threads, variant }: BenchReport, terminal: Terminal): string {
  if (profile === undefined) return '';
  const slowest = [...profile].sort((a, b) => b.median_ns - a.median_ns);
  const shown = slowest.filter(({ share }, index) => index < leastNodes || share >= leastShare);
  const rest = slowest.slice(shown.length);
  const rows = shown.map(({ stage, node, op, kernel, median_ns, share, macs: spent }) => [
    safe(node), ...(answers ? [String(stage + 1)] : []), safe(op), kernel, duration(median_ns), percent(share), spent > 0 ? macs(spent) : '-', spent > 0 && median_ns > 0 ? throughput(spent, median_ns) : '-',
  ]);
  const head = ['node', ...(answers ? ['stage'] : []), 'op', 'kernel', 'median', 'share', 'MACs', 'MAC/s'];
  const alignments = head.map((title) => (['node', 'op', 'kernel'].includes(title) ? 'left' as const : 'right' as const));
  const tail = rest.length === 0 ? '' : `${rest.length} more ${rest.length === 1 ? 'step' : 'steps'}, together ${percent(rest.reduce((sum, { share }) => sum + share, 0))}\n`;
  return `\n${heading(`nodes, ${variant}, ${threads} thread${threads === 1 ? '' : 's'}`, terminal)}\n${table([head, ...rows], alignments)}\n${tail}`;
}

function throughput(spent: number, ns: number): string {
  return macs((spent / ns) * 1e9);
}
