// Preprocessing for data that do not bring any: what the samples' and the model's shapes suggest, said aloud.
import { OfframpError, invalidData } from '../errors.js';
import type { Json } from '../json.js';
import type { InspectReport } from '../reports.js';
import { elementCount, type RawTensor } from '../tensor.js';
import type { Dataset } from './dataset.js';

export interface PreprocessGuess {
  steps: Json[];
  /** What was assumed, for the user to read; undefined if nothing was. */
  assumed?: string;
}

/**
 * `modelShape` is the model's input with its batch dimension; free dimensions are null.
 * u8 samples are taken for pixels and scaled to 0..1; everything else keeps its values.
 * Errors: invalid_data naming both shapes and the remedy if they do not fit.
 */
export function guessPreprocess(x: RawTensor, modelShape: readonly (number | null)[]): PreprocessGuess {
  const sample = x.dims.slice(1);
  const model = modelShape.slice(1);
  const steps: Json[] = [];
  const said: string[] = [];
  if (x.dtype === 'u8') {
    steps.push({ op: 'scale', by: 1 / 255 });
    said.push('bytes are pixels, scaled to 0..1');
  }
  const shaped = shapeStep(sample, model);
  if (shaped === undefined) {
    throw invalidData(`samples have shape [${sample.join(', ')}], the model takes [${model.map((dim) => dim ?? '?').join(', ')}], and no preprocessing is given; name the steps with --preprocess or in a dataset description`);
  }
  if (shaped.step !== undefined) {
    steps.push(shaped.step);
    said.push(shaped.said);
  }
  return said.length === 0 ? { steps } : { steps, assumed: said.join('; ') };
}

function shapeStep(sample: readonly number[], model: readonly (number | null)[]): { step?: Json; said: string } | undefined {
  if (fits(sample, model)) return { said: '' };
  const [a, b, c] = sample as [number, number, number];
  if (sample.length === 3 && model.length === 3) {
    if (fits([c, a, b], model) && (c === 1 || c === 3 || c === model[0])) {
      return { step: { op: 'transpose', axes: [0, 3, 1, 2] }, said: `samples [${sample.join(', ')}] are height, width, channels; moved to channels first` };
    }
    if (fits([b, c, a], model)) {
      return { step: { op: 'transpose', axes: [0, 2, 3, 1] }, said: `samples [${sample.join(', ')}] are channels, height, width; moved to channels last` };
    }
  }
  // Only dimensions of one, or a vector against a shape, may differ: then the values keep their order.
  const known = model.filter((dim): dim is number => dim !== null);
  if (known.length !== model.length || elementCount(known) !== elementCount(sample)) return undefined;
  const withoutOnes = (dims: readonly number[]): string => dims.filter((dim) => dim !== 1).join('x');
  if (sample.length === 1 || known.length === 1 || withoutOnes(sample) === withoutOnes(known)) {
    return { step: { op: 'reshape', shape: [-1, ...known] }, said: `samples [${sample.join(', ')}] are reshaped to [${known.join(', ')}]` };
  }
  return undefined;
}

function fits(sample: readonly number[], model: readonly (number | null)[]): boolean {
  return sample.length === model.length && model.every((dim, axis) => dim === null || dim === sample[axis]);
}

/** The model's first input with its free dimensions as null. Errors: unsupported if it has not exactly one input. */
export function modelInputShape(report: InspectReport): (number | null)[] {
  const [input, ...others] = report.inputs;
  if (input === undefined || others.length > 0) {
    throw new OfframpError('unsupported', `the model has ${report.inputs.length} inputs; models with one input are augmented and evaluated`);
  }
  if (input.shape === null) throw new OfframpError('unsupported', `the shape of the model's input ${input.name} cannot be inferred`);
  return input.shape.map((dim) => (typeof dim === 'number' && dim > 0 ? dim : null));
}

/** How many classes the model tells apart, where its output shape says so. */
export function modelClasses(report: InspectReport): number | undefined {
  const last = report.outputs[0]?.shape?.at(-1);
  return typeof last === 'number' && last > 0 ? last : undefined;
}

/** The steps given by hand, else the data's own, else a guess. */
export function choosePreprocess(report: InspectReport, dataset: Dataset, given: Json[] | undefined): PreprocessGuess {
  const steps = given ?? dataset.preprocess;
  return steps === undefined ? guessPreprocess(dataset.x, modelInputShape(report)) : { steps };
}
