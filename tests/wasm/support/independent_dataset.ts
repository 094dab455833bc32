// A second, deliberately plain reader of dataset descriptions and their preprocessing, to check the product's against.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Array_ {
  values: Float32Array;
  dims: number[];
}

function readNpy(file: string): Array_ {
  const bytes = readFileSync(file);
  const headerLength = bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, 10 + headerLength);
  const descr = /'descr': '([^']+)'/.exec(header)?.[1] ?? '';
  const dims = (/'shape': \(([^)]*)\)/.exec(header)?.[1] ?? '').split(',').map((part) => part.trim()).filter((part) => part !== '').map(Number);
  const start = 10 + headerLength;
  const count = dims.reduce((a, b) => a * b, 1);
  const values = new Float32Array(count);
  const readers: Record<string, [number, (offset: number) => number]> = {
    '|u1': [1, (o) => bytes.readUInt8(o)],
    '<i2': [2, (o) => bytes.readInt16LE(o)],
    '<f4': [4, (o) => bytes.readFloatLE(o)],
  };
  const reader = readers[descr];
  if (!reader) throw new Error(`${file}: dtype ${descr}`);
  for (let i = 0; i < count; i++) values[i] = reader[1](start + i * reader[0]);
  return { values, dims };
}

interface Step {
  op: string;
  by?: number;
  mean?: number[];
  std?: number[];
  epsilon?: number;
  axes?: number[];
  shape?: number[];
}

// NHWC to NCHW is the only transpose that the real datasets use.
function nhwcToNchw({ values, dims }: Array_): Array_ {
  const [n = 0, h = 0, w = 0, c = 0] = dims;
  const out = new Float32Array(values.length);
  for (let i = 0; i < n; i++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++)
        for (let k = 0; k < c; k++) out[((i * c + k) * h + y) * w + x] = values[((i * h + y) * w + x) * c + k] ?? NaN;
  return { values: out, dims: [n, c, h, w] };
}

function applyStep(array: Array_, step: Step): Array_ {
  const { values, dims } = array;
  const perRow = values.length / (dims[0] ?? 1);
  switch (step.op) {
    case 'scale':
      return { values: values.map((v) => v * (step.by ?? NaN)), dims };
    case 'normalize': {
      const channels = dims.at(-1) ?? 1;
      const pick = (list: number[] | undefined, i: number): number => list?.[list.length === 1 ? 0 : i % channels] ?? NaN;
      return { values: values.map((v, i) => (v - pick(step.mean, i)) / pick(step.std, i)), dims };
    }
    case 'standardize': {
      const out = new Float32Array(values.length);
      for (let row = 0; row < values.length; row += perRow) {
        const part = values.subarray(row, row + perRow);
        const mean = part.reduce((a, b) => a + b, 0) / perRow;
        const deviation = Math.sqrt(part.reduce((a, b) => a + (b - mean) ** 2, 0) / perRow);
        for (let i = 0; i < perRow; i++) out[row + i] = ((part[i] ?? NaN) - mean) / (deviation + (step.epsilon ?? 0));
      }
      return { values: out, dims };
    }
    case 'transpose':
      if (String(step.axes) !== '0,3,1,2') throw new Error(`transpose ${step.axes}`);
      return nhwcToNchw(array);
    case 'reshape': {
      const rest = (step.shape ?? []).slice(1);
      return { values, dims: [values.length / rest.reduce((a, b) => a * b, 1), ...rest] };
    }
    default:
      throw new Error(`unknown step ${step.op}`);
  }
}

export interface Samples extends Array_ {
  labels: Int32Array;
}

/** The first `count` rows of a description, preprocessed, with their labels. */
export function loadInputs(description: string, count: number): Samples {
  const json = JSON.parse(readFileSync(description, 'utf8')) as { x: string | string[]; y: string | string[]; rows?: [number, number]; preprocess?: Step[] };
  const first = (names: string | string[]): string => join(dirname(description), Array.isArray(names) ? (names[0] ?? '') : names);
  const all = readNpy(first(json.x));
  const labels = readNpy(first(json.y));
  const begin = json.rows?.[0] ?? 0;
  const perRow = all.values.length / (all.dims[0] ?? 1);
  let array: Array_ = { values: all.values.slice(begin * perRow, (begin + count) * perRow), dims: [count, ...all.dims.slice(1)] };
  for (const step of json.preprocess ?? []) array = applyStep(array, step);
  return { ...array, labels: Int32Array.from(labels.values.slice(begin, begin + count)) };
}
