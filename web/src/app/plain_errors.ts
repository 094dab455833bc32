// Errors in plain words: what is wrong, and what to do. What the engine says stays below, for those who want it.
import { OfframpError } from '@offramp/engine';

export interface PlainError {
  title: string;
  remedy: string;
  /** The engine's own words. */
  detail: string;
}

interface Rule {
  when: (error: OfframpError) => boolean;
  title: string;
  remedy: string;
}

const says = (pattern: RegExp) => (error: OfframpError): boolean => pattern.test(error.detail);

const rules: readonly Rule[] = [
  { when: says(/not protobuf|file is empty|not an ONNX model/), title: 'This is not an ONNX file, or it is damaged', remedy: 'Export the trained model as ONNX (.onnx) and pick that file. If it was downloaded, download it again.' },
  { when: says(/zip file where an ONNX model/), title: 'This is a zip file, not an ONNX model', remedy: 'Unzip it and pick the .onnx file inside. A finished package (.offramp) has its own place below.' },
  { when: says(/external/), title: 'The weights of this model are in another file', remedy: 'Save the model as one file: with Python, onnx.save(onnx.load(path), path) puts the weights inside.' },
  { when: says(/a page reads at most/), title: 'This model is too large for a page', remedy: 'Use the command line for it: ./run offramp augment model.onnx --data train.npz -o model.offramp. The package it writes can be opened here.' },
  { when: says(/module stopped|out of memory|no memory for|Cannot enlarge memory|allocation failed/i), title: 'The memory was not enough', remedy: 'Close other tabs, or use fewer rows. What was kept of a search is still there and it goes on from it.' },
  { when: says(/cannot be loaded \(|could not be loaded/), title: 'A part of the page could not be loaded', remedy: 'Check the connection and reload the page.' },
  { when: says(/has no SIMD/), title: 'This browser is too old', remedy: 'Use a browser of 2023 or newer: Chrome, Edge, Firefox or Safari.' },
];

const byCode: Partial<Record<OfframpError['code'], [title: string, remedy: string]>> = {
  invalid_argument: ['This does not fit', 'The details say what was expected; change the setting, or how samples are prepared.'],
  invalid_model: ['The model breaks a rule of ONNX', 'Check it with onnx.checker and export it again.'],
  unsupported: ['This is not supported', 'The details name the part; export the model without it.'],
  invalid_data: ['The data cannot be used as they are', 'The details name the place; repair or leave out that part.'],
  limit_exceeded: ['This is more than the page takes', 'Use fewer or smaller files.'],
  infeasible: ['No plan keeps these limits', 'Allow a larger loss of accuracy, or more rows to choose thresholds on.'],
  invalid_package: ['This is no package of Offramp, or a damaged one', 'Pick the .offramp file again, or make it anew.'],
  remote: ['Another machine did not answer as it should', 'Check its address and that it runs.'],
  cancelled: ['Stopped', 'It can be begun again.'],
  internal: ['Something went wrong in Offramp itself', 'Reload the page; what was kept is still there. Please report it with the details.'],
};

export function plainError(thrown: unknown): PlainError {
  const error = OfframpError.from(thrown);
  const rule = rules.find(({ when }) => when(error));
  const [title, remedy] = rule !== undefined ? [rule.title, rule.remedy] : byCode[error.code] ?? ['It did not work', ''];
  return { title, remedy, detail: error.message };
}
