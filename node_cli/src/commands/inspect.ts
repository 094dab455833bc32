// offramp inspect MODEL
import { within, type InspectReport, type ValueInfo } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { readModel } from '../inputs.js';
import type { CommandIo } from '../io.js';
import type { Arguments } from '../options.js';
import { count, heading, macs, safe, table } from '../tables.js';

export async function inspect(args: Arguments, io: CommandIo): Promise<void> {
  const path = args.positional(0);
  const model = await readModel(path);
  const engine = await loadNodeEngine();
  const report = within(path, () => engine.inspect(model));
  io.out(args.has('json') ? `${JSON.stringify(report)}\n` : describe(report, io));
}

function describe(report: InspectReport, io: CommandIo): string {
  const operators = Object.entries(report.operators).map(([name, uses]) => `${safe(name)} ${uses}`).join(', ');
  const facts = table([
    ...report.inputs.map((value) => ['input', describeValue(value)]),
    ...report.outputs.map((value) => ['output', describeValue(value)]),
    ['opset', String(report.opset)], ['operators', operators], ['MACs', macs(report.macs)], ['parameters', count(report.parameters)],
    ...(report.unsupported.length === 0 ? ['none'] : report.unsupported).map((part, index) => [index === 0 ? 'unsupported' : '', safe(part, 240)]),
  ], ['left', 'left']);
  const rows = report.exit_points.map((point, index) => [
    String(index + 1), safe(point.at), `[${point.shape.join(', ')}]`, macs(point.macs),
    `${(100 * point.macs / Math.max(1, report.macs)).toFixed(1)} %`, count(point.parameters),
  ]);
  const exits = rows.length === 0 ? 'none' : table([['#', 'after', 'shape', 'MACs', 'of all', 'parameters'], ...rows], ['right', 'left', 'left', 'right', 'right', 'right']);
  return `${facts}\n\n${heading('places for exits', io.terminal)}\n${exits}\n`;
}

function describeValue(value: ValueInfo): string {
  return `${safe(value.name)} ${value.dtype ?? ''} ${value.shape === null ? 'of unknown shape' : `[${value.shape.map((dim) => dim ?? '?').join(', ')}]`}`;
}
