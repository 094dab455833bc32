// A package in forms that other runtimes and servers take. Preprocessing is in none of them: what they take has gone through it already.
import { invalidArgument } from '../errors.js';
import type { Engine } from '../engine.js';
import type { Json, JsonObject } from '../json.js';
import type { PackageFile } from '../raw_module.js';
import { allExits } from './all_exits.js';
import { ifOnnx } from './if_onnx.js';
import { descriptionFile, jsonFile, oipRepository, onnxFileOf, servedStage, type ServedStage } from './oip_repository.js';
import { writeOnnx } from './onnx_proto.js';
import { describePackage, readStages, stageBytes, type PackageDescription, type StageFile } from './stage_models.js';

export const exportForms = ['if-onnx', 'stages', 'oip', 'all-exits'] as const;
export type ExportForm = (typeof exportForms)[number];
/** Forms that are several files, of all stages or some. */
export const isFolderForm = (form: ExportForm): boolean => form === 'stages' || form === 'oip';

const preprocessNote = 'The model\'s input is what the preprocessing steps make of a sample; the export does not hold those steps.';

/**
 * `chooseStages` says which stages the folder forms hold, of so many; all unless told. A whole file is called model.onnx. Errors:
 * those of a package that does not load; invalid_package if a stage's file is missing; unsupported for a graph that cannot be put
 * together with others; limit_exceeded past what an ONNX file may hold.
 */
export function exportPackage(engine: Engine, files: PackageFile[], form: ExportForm, chooseStages?: (count: number) => { from: number; to: number }): PackageFile[] {
  const description = describePackage(checkedManifest(engine, files, isFolderForm(form)));
  if (!isFolderForm(form)) {
    if (chooseStages !== undefined) throw invalidArgument(`${form} holds all stages; a part of them is for ${exportForms.filter(isFolderForm).join(' and ')}`);
    return [{ name: 'model.onnx', bytes: wholeFile(files, form, description) }];
  }
  const { from, to } = chooseStages?.(description.stages.length) ?? { from: 0, to: description.stages.length };
  const stages = description.stages.slice(from, to);
  return form === 'oip' ? repository(files, stages, description) : stageFolder(files, stages, description);
}

function checkedManifest(engine: Engine, files: PackageFile[], partial: boolean): JsonObject {
  const runtime = engine.createRuntime(files, 'reference', { partial });
  try {
    return runtime.manifest();
  } finally {
    runtime.dispose();
  }
}

function wholeFile(files: readonly PackageFile[], form: ExportForm, description: PackageDescription): Uint8Array {
  const set = readStages(files, description.stages);
  const model = form === 'if-onnx' ? ifOnnx(set, description) : allExits(set, description);
  const { preprocess, labels, stages } = description;
  const metadata = {
    'offramp.export': form, 'offramp.note': preprocessNote, 'offramp.preprocess': JSON.stringify(preprocess), 'offramp.labels': JSON.stringify(labels),
    'offramp.exits': JSON.stringify(stages.flatMap(({ stage, exit }) => (exit === undefined ? [] : [{ stage, ...exit }]))),
  };
  return writeOnnx({ ...model, metadata });
}

function repository(files: readonly PackageFile[], stages: readonly StageFile[], description: PackageDescription): PackageFile[] {
  const { files: written, models } = oipRepository(files, stages, description);
  return [...written, described('oip', models.map((model) => ({ ...model, file: onnxFileOf(model) })), description)];
}

/** A package's folder, as far as it holds stages. */
function stageFolder(files: readonly PackageFile[], stages: readonly StageFile[], description: PackageDescription): PackageFile[] {
  const models = stages.map((stage) => ({ ...servedStage(files, stage, description), file: stage.file }));
  return [
    ...files.filter(({ name }) => name === 'manifest.json'), ...stages.map((stage) => ({ name: stage.file, bytes: stageBytes(files, stage) })),
    described('stages', models, description),
  ];
}

function described(form: ExportForm, models: readonly (ServedStage & { file: string })[], { preprocess, labels, stages }: PackageDescription): PackageFile {
  const content = {
    offramp_export: form, note: preprocessNote, preprocess, labels,
    models: models.map(({ name, file, stage, inputs, outputs }) => ({ name, file, stage, inputs, outputs, exit: (stages[stage]?.exit ?? null) as Json })),
  };
  return jsonFile(descriptionFile, content);
}
