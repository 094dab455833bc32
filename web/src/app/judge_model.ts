// Whether a model can be given early exits, and if not, why and what to do, in plain words.
import { modelClasses, type InspectReport } from '@offramp/engine';

export interface Finding {
  title: string;
  text: string;
  remedy: string;
  /** Names of nodes or inputs, each with its reason. */
  list?: string[];
}

const quantised = /quantize|QLinear|Integer\b/i;
const detection = /NonMaxSuppression|boxes|RoiAlign|TopK/i;
const control = /\((If|Loop|Scan)\)/;

/** What stops the model from being used, most telling first; nothing if it can be. */
export function judgeModel(report: InspectReport): Finding[] {
  const findings: Finding[] = [];
  if (report.inputs.length !== 1) findings.push(wrongInputs(report));
  if (report.outputs.length !== 1 || looksLikeDetection(report)) findings.push(severalOutputs(report));
  if (report.unsupported.length > 0) findings.push(unsupportedParts(report.unsupported));
  const shape = report.outputs[0]?.shape;
  if (findings.length === 0 && shape && (shape.length !== 2 || (modelClasses(report) ?? 2) < 2)) findings.push(noClassifier(shape));
  if (findings.length === 0 && report.exit_points.length === 0) {
    findings.push({
      title: 'No exit can stand in this network',
      text: 'An exit needs a place that everything passes on its way through. This network has none between input and output.',
      remedy: 'Networks made of blocks one after another have such places. If yours has one wide block only, it is small enough to run whole.',
    });
  }
  return findings;
}

function wrongInputs({ inputs }: InspectReport): Finding {
  return {
    title: inputs.length === 0 ? 'The model has no input' : `The model has ${inputs.length} inputs`,
    text: `Offramp works with classifiers that take one input${inputs.length > 1 ? `; this one takes ${inputs.map(({ name }) => name).join(', ')}` : ''}.`,
    remedy: 'Export it again with a single input: fix the others to constants in a small wrapper around the model, or join them into one tensor.',
  };
}

function looksLikeDetection({ operators, outputs }: InspectReport): boolean {
  return Object.keys(operators).some((name) => name === 'NonMaxSuppression' || name === 'RoiAlign') || outputs.some(({ name }) => /box|bbox/i.test(name));
}

function severalOutputs(report: InspectReport): Finding {
  const { outputs } = report;
  const finds = looksLikeDetection(report) || outputs.some(({ name }) => detection.test(name));
  return {
    title: finds ? 'This model finds objects; Offramp needs one that tells classes apart' : `The model has ${outputs.length} outputs`,
    text: `A classifier has one output: a number for each class. This model gives ${outputs.map(({ name }) => name).join(', ')}.`,
    remedy: finds
      ? 'Pick a classifier. A detector\'s backbone can be one if you export it with a classification head.'
      : 'Export it again with the class scores (logits) as its only output.',
  };
}

function unsupportedParts(parts: readonly string[]): Finding {
  const text = parts.join('\n');
  const remedy = quantised.test(text)
    ? 'Export the model before it was quantised, in 32-bit floating point. Boundary tensors can still travel compressed.'
    : control.test(text)
      ? 'Export it without control flow: trace the model with fixed sizes, so that If and Loop are gone.'
      : /shape/.test(text)
        ? 'Export it with fixed sizes for everything but the batch, and simplify it (for instance with onnxsim).'
        : 'Export it with another opset (13 to 20 are safe), or rewrite this part with common operators: convolutions, pooling, matrix products, attention.';
  return {
    title: parts.length === 1 ? 'One part of the model does not run here' : `${parts.length} parts of the model do not run here`,
    text: 'The model can be looked at, but not run or given exits.', remedy, list: [...parts],
  };
}

function noClassifier(shape: readonly (number | string | null)[]): Finding {
  return {
    title: 'This model is no classifier',
    text: `A classifier answers with one number for each class, of shape [N, classes]; this one answers with shape [${shape.map((size) => size ?? '?').join(', ')}].`,
    remedy: shape.length > 2
      ? 'Models that answer for every pixel or every word are not supported. Pick one that gives one answer for each sample.'
      : 'At least two classes are needed. For a yes/no model export both numbers, not only the probability of yes.',
  };
}
