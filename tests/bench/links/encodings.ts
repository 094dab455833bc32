// What rounding on a link does to accuracy, on real data: boundaries as f16 and u8 against f32.
import { evaluateLink, evaluateRows, sampleRows, type Encoding, type Engine } from '@offramp/engine';
import { onlyHere, type Planner } from './planner.js';

export interface EncodingRow {
  task: string;
  rows: number;
  cross_rate: number;
  accuracy: number;
  encodings: { encoding: Encoding; bytes: number; accuracy_change_pp: number; changed: number }[];
}

export async function compareEncodings(engine: Engine, task: string, planner: Planner, rows: number, say: (text: string) => void): Promise<EncodingRow> {
  const { files } = planner.plan(onlyHere);
  const data = sampleRows(planner.allTest, rows, 0);
  const host = (what: string) => ({ onProgress: ({ done, total }: { done: number; total: number }): void => say(`${task} ${what}: row ${done} of ${total}`) });
  const { report, answers } = await evaluateRows(engine, { package: files }, data, {}, host('f32'));
  const row: EncodingRow = { task, rows: data.y.length, cross_rate: 0, accuracy: report.accuracy, encodings: [] };
  for (const encoding of ['f16', 'u8'] as const) {
    const link = await evaluateLink(engine, files, data, answers.staged ?? answers.base, { encoding, stage: 1 }, host(encoding));
    row.cross_rate = link.cross_rate;
    row.encodings.push({ encoding, bytes: link.mean_bytes, accuracy_change_pp: link.accuracy_change_pp, changed: link.changed });
  }
  return row;
}
