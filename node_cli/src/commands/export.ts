// offramp export PACKAGE|MODEL --as FORM -o OUT
import { basename, extname } from 'node:path';
import { exportFeatures, exportForms, exportPackage, featuresModelName, invalidArgument, isFolderForm, within, type ExportForm, type PackageFile } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { readModel, readPackage } from '../inputs.js';
import type { CommandIo } from '../io.js';
import type { Arguments } from '../options.js';
import { readStageRange } from '../stage_range.js';
import { count } from '../tables.js';

/** The model's name on servers, by its file. */
export function featuresNameOf(path: string): string {
  return featuresModelName(basename(path, extname(path)));
}

export async function exportCommand(args: Arguments, io: CommandIo): Promise<void> {
  const path = args.positional(0);
  const output = args.requiredText('output');
  const form = args.choice('as', [...exportForms, 'features'] as const) as ExportForm | 'features'; // it is required
  const range = args.text('stages');
  const isFolder = form === 'features' || isFolderForm(form);
  if (range !== undefined && (form === 'features' || !isFolder)) throw invalidArgument(`--stages goes with --as ${exportForms.filter(isFolderForm).join(' or ')}; ${form} ${form === 'features' ? 'has none' : 'holds all stages'}`);
  if (isFolder) await io.checkFolder(output);
  else await io.checkWritable(output);
  const files = form === 'features' ? await featureFiles(path) : await packageFiles(path, form, range);
  const [first] = files;
  if (isFolder) await io.writeFolder(output, files);
  else if (first !== undefined) await io.writeFile(output, first.bytes);
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  io.err(`offramp: wrote ${output} (${isFolder ? `${files.length} files, ` : ''}${count(bytes)} bytes)\n`);
  if (args.has('json')) io.out(`${JSON.stringify({ output, form, bytes, files: isFolder ? files.map(({ name }) => name) : [] })}\n`);
}

async function packageFiles(path: string, form: ExportForm, range: string | undefined): Promise<PackageFile[]> {
  const packaged = await readPackage(path);
  const engine = await loadNodeEngine();
  const chooseStages = range === undefined ? undefined : (stages: number): { from: number; to: number } => readStageRange(range, stages);
  return within(path, () => exportPackage(engine, packaged, form, chooseStages));
}

async function featureFiles(path: string): Promise<PackageFile[]> {
  const model = await readModel(path);
  const engine = await loadNodeEngine();
  return within(path, () => exportFeatures(engine, model, featuresNameOf(path)));
}
