// A model that extracts features, as a repository for servers of the protocol: what `augment --extract-on` asks for.
import type { Engine } from '../engine.js';
import { featuresOutput, logitsOutput } from '../offload/feature_server.js';
import type { PackageFile } from '../raw_module.js';
import type { ValueInfo } from '../reports.js';
import { descriptionFile, jsonFile, modelFiles, onnxFileOf, openvinoFile, type ServedModel, type ServedTensor } from './oip_repository.js';

/** Of a model file's name without its ending: what servers and file systems all take. */
export function featuresModelName(model: string): string {
  return `${model.replace(/[^A-Za-z0-9_-]+/g, '_') || 'model'}_features`;
}

/** Errors: as Engine.createAugmenter. */
export function exportFeatures(engine: Engine, model: Uint8Array, name: string): PackageFile[] {
  const augmenter = engine.createAugmenter(model, {});
  try {
    const onnx = augmenter.featureModel();
    const { inputs, outputs } = engine.inspect(onnx);
    const served: ServedModel = { name, inputs: inputs.map(servedTensor), outputs: outputs.map(servedTensor) };
    const description = {
      offramp_export: 'features',
      note: `The model's input is what the preprocessing steps make of a sample. ${featuresOutput} holds, exit point by exit point, each channel's average, then its maximum, then averages over a `
        + `grid where there is one; ${logitsOutput} are the model's own.`,
      models: [{ ...served, file: onnxFileOf(served) }],
    };
    return [...modelFiles(served, onnx), openvinoFile([served]), jsonFile(descriptionFile, description)];
  } finally {
    augmenter.dispose();
  }
}

function servedTensor({ name, shape }: ValueInfo): ServedTensor {
  return { name, type: 'f32', dims: (shape ?? []).slice(1).map(Number) };
}
