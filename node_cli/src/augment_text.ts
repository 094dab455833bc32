// The augment report for people: base, our plan and the paper's method side by side, then the exits.
import type { AugmentReport, LinkFigures, MappedFigures, ReportPlan } from '@offramp/engine';
import type { CommandIo } from './io.js';
import {
  bar, changePercent, count, duration, heading, macs, percent, points, rate, safe, signedPercent, signedPoints, table, threshold,
} from './tables.js';

export function describeAugment(report: AugmentReport, labels: readonly string[] | undefined, io: CommandIo): string {
  const { base, plan, paper_method: paper } = report;
  const columns = (name: string, ofBase: string, of: (plan: ReportPlan) => string): string[] => [name, ofBase, of(plan), paper === null ? '-' : of(paper)];
  const latency = (some: ReportPlan): string => (some.mean_latency_ns === null ? 'not run' : duration(some.mean_latency_ns));
  const figures = table([
    ['', 'base', 'early exit', "paper's method"],
    columns('accuracy', percent(base.accuracy), (some) => percent(some.accuracy)),
    columns('  change', '', (some) => signedPoints(some.accuracy_change_pp)),
    columns('harm', '', (some) => points(some.harm_pp)),
    columns('macro F1, change', '', (some) => signedPoints(some.macro_f1_change_pp)),
    columns('mean MACs', macs(base.macs), (some) => macs(some.mean_macs)),
    columns('  change', '', (some) => signedPercent(some.mean_macs_change_pct)),
    columns('mean latency', duration(base.mean_latency_ns), latency),
    columns('  change', '', (some) => signedPercent(changePercent(base.mean_latency_ns, some.mean_latency_ns))),
  ], ['left', 'right', 'right', 'right']);
  const { rows, search } = report;
  const seconds = search.seconds;
  const lines = [
    `measured on ${count(rows.test)} test rows that no step had seen; heads trained on ${count(rows.train)}, thresholds chosen on ${count(rows.select)}`,
    `${search.exit_points} places for exits; features ${seconds.extract.toFixed(1)} s, heads ${seconds.train.toFixed(1)} s, search ${seconds.search.toFixed(1)} s`,
  ];
  if (plan.certificate !== null) lines.unshift(`certified: ${plan.certificate.plain}`);
  const worst = worstClass(plan.class_recall_change_pp, labels);
  if (worst !== undefined) lines.splice(-1, 0, worst);
  const exits = [heading('exits', io.terminal), describeExits(plan), ...(paper === null || paper.exits.length === 0 ? [] : ['', heading("exits by the paper's method", io.terminal), describeExits(paper)])];
  const targets = plan.mapped ? `${heading('targets', io.terminal)}\n${describeTargets(plan, plan.mapped)}\n${describeLinks(report)}\n` : '';
  return `${figures}\n\n${exits.join('\n')}\n\n${targets}${lines.join('\n')}\n`;
}

export function describeLink({ url, rttNs, bytesPerS, backBytesPerS, models }: LinkFigures): string {
  const back = backBytesPerS === undefined ? '' : `, ${rate(backBytesPerS)} back`;
  const served = models.length === 0 ? '' : `; it serves ${safe(models.slice(0, 6).join(', '), 200)}${models.length > 6 ? ` and ${models.length - 6} more` : ''}`;
  return `${safe(url, 200)} measured: ${duration(rttNs)} there and back, ${rate(bytesPerS)}${back}${served}`;
}

/** A line for each link that was measured. */
function describeLinks({ measured_links: links = [] }: AugmentReport): string {
  return links.map(({ to, rtt_ns: rtt, bytes_per_s: bytes }) => `link to ${safe(to)} measured: ${duration(rtt)} there and back, ${rate(bytes)}\n`).join('');
}

/** Which stages run where, and what that costs by the targets' figures. */
function describeTargets(plan: ReportPlan, mapped: MappedFigures): string {
  const stages = ({ from, to }: ReportPlan['mapping'][number]): string =>
    (from === to ? 'none' : to - from === 1 ? String(to) : `${from + 1} to ${to}`);
  const rows = plan.mapping.map((part, index) => {
    const target = mapped.targets[index];
    const link = mapped.links[index];
    const sent = link !== undefined && link.ns > 0;
    return [
      safe(part.target), stages(part), target === undefined ? '' : `${count(target.memory_bytes / 1024)} KiB`, target?.measured === true ? 'measured' : 'stated',
      sent ? percent(link.cross_rate) : '', sent ? duration(link.ns) : '', sent ? `${count(link.bytes)} B ${link.encoding}` : '',
    ];
  });
  const figures = [
    `expected latency ${duration(mapped.expected_latency_ns)}, at worst ${duration(mapped.worst_case_latency_ns)}`,
    `energy ${(mapped.energy_nj / 1e3).toPrecision(4)} µJ, ${mapped.link_bytes.toPrecision(4)} bytes over links, per sample`,
  ];
  const text = table([['target', 'stages', 'memory', 'speed', 'go on', 'takes', 'sent'], ...rows], ['left', 'left', 'right', 'left', 'right', 'right', 'right']);
  return `${text}\n${figures.join('; ')}`;
}

function describeExits(plan: ReportPlan): string {
  if (plan.exits.length === 0) return 'none: no exit saves enough within the allowed drop; the package runs the model as it is';
  const rest = Math.max(0, 1 - plan.exits.reduce((sum, exit) => sum + exit.exit_rate, 0));
  return table([
    ['#', 'after', 'head', 'score', 'threshold', 'MACs', 'accuracy', 'leave here', ''],
    ...plan.exits.map((exit, index) => [
      String(index + 1), safe(exit.at), safe(exit.head), safe(exit.score), threshold(exit.threshold), macs(exit.macs), percent(exit.accuracy),
      percent(exit.exit_rate), bar(exit.exit_rate),
    ]),
    ['', 'the whole model', '', '', '', '', '', percent(rest), bar(rest)],
  ], ['right', 'left', 'left', 'left', 'right', 'right', 'right', 'right', 'left']);
}

/** The class that loses most recall, if one loses any. */
export function worstClass(changes: readonly (number | null)[], labels: readonly string[] | undefined): string | undefined {
  let worst = -1;
  changes.forEach((change, index) => {
    if (change !== null && change < (changes[worst] ?? 0)) worst = index;
  });
  if (worst < 0) return undefined;
  return `largest loss of recall: class ${safe(labels?.[worst] ?? String(worst))}, ${signedPoints(changes[worst])}`;
}
