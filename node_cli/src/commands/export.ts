// offramp export PACKAGE --as FORM -o OUT
import { exportForms, exportPackage, invalidArgument, isFolderForm, within, type ExportForm } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { readPackage } from '../inputs.js';
import type { CommandIo } from '../io.js';
import type { Arguments } from '../options.js';
import { readStageRange } from '../stage_range.js';
import { count } from '../tables.js';

export async function exportCommand(args: Arguments, io: CommandIo): Promise<void> {
  const path = args.positional(0);
  const output = args.requiredText('output');
  const form = args.choice('as', exportForms) as ExportForm; // it is required
  const range = args.text('stages');
  if (range !== undefined && !isFolderForm(form)) throw invalidArgument(`--stages goes with --as ${exportForms.filter(isFolderForm).join(' or ')}; ${form} holds all stages`);
  if (isFolderForm(form)) await io.checkFolder(output);
  else await io.checkWritable(output);
  const packaged = await readPackage(path);
  const engine = await loadNodeEngine();
  const chooseStages = range === undefined ? undefined : (stages: number): { from: number; to: number } => readStageRange(range, stages);
  const files = within(path, () => exportPackage(engine, packaged, form, chooseStages));
  const [first] = files;
  if (isFolderForm(form)) await io.writeFolder(output, files);
  else if (first !== undefined) await io.writeFile(output, first.bytes);
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  io.err(`offramp: wrote ${output} (${isFolderForm(form) ? `${files.length} files, ` : ''}${count(bytes)} bytes)\n`);
  if (args.has('json')) io.out(`${JSON.stringify({ output, form, bytes, files: isFolderForm(form) ? files.map(({ name }) => name) : [] })}\n`);
}
