// The scale run's model and rows. Weights are random, and a classifier on top is fitted to rows of its own, so that the network's
// answers mean something.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dataset, Engine } from '@offramp/engine';
import { cacheFolder } from '../checkout.js';
import { bottleneckResnet, featureCount, type BottleneckShape, type Classifier } from './bottleneck_resnet.js';
import { writeOnnx } from './onnx_writer.js';
import { makeRows, networkInputs, preprocess } from './rows.js';

export interface ScaleRows {
  train: number;
  select: number;
  test: number;
}

const seeds = { weights: 1, fit: 2, train: 3, select: 4, test: 5 };
const rowsAtOnce = 20;
const ridge = 0.05;
const sharpness = 8;

/** The model's bytes, from the cache once they have been made. Fitting runs the network on `fitRows` rows. */
export async function scaleModel(engine: Engine, shape: BottleneckShape, fitRows: number): Promise<Uint8Array> {
  const key = createHash('sha256').update(JSON.stringify([shape, fitRows, seeds]));
  const own = dirname(fileURLToPath(import.meta.url));
  for (const source of ['bottleneck_resnet.js', 'files.js', 'onnx_writer.js', 'random.js', 'rows.js']) key.update(await readFile(join(own, source)));
  const folder = join(cacheFolder, `scale-${key.digest('hex').slice(0, 16)}`);
  const path = join(folder, 'model.onnx');
  if (existsSync(path)) return readFile(path);
  const bytes = writeOnnx(bottleneckResnet(shape, seeds.weights, fitClassifier(engine, shape, fitRows)));
  const part = `${path}.part${process.pid}`;
  await mkdir(folder, { recursive: true });
  try {
    await writeFile(part, bytes);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
  return bytes;
}

export function scaleData(shape: BottleneckShape, rows: ScaleRows): { train: Dataset; select: Dataset; test: Dataset } {
  const part = (name: keyof ScaleRows): Dataset => {
    const { x, y } = makeRows(rows[name], shape.side, seeds[name]);
    return { name, x: { dtype: 'u8', dims: [rows[name], shape.side, shape.side, 3], data: x }, y: Int32Array.from(y), preprocess: [...preprocess] };
  };
  return { train: part('train'), select: part('select'), test: part('test') };
}

/** Ridge regression from the network's features to the classes, as a linear layer whose outputs have about the spread of logits. */
function fitClassifier(engine: Engine, shape: BottleneckShape, rows: number): Classifier {
  const features = featureCount(shape);
  const { x, y } = makeRows(rows, shape.side, seeds.fit);
  const { values, mean, scale } = standardised(runFeatures(engine, shape, networkInputs(x, shape.side)), features);
  const dual = solveRidge(values, features, Float64Array.from({ length: rows * shape.classes }, (_, at) => (y[Math.floor(at / shape.classes)] === at % shape.classes ? 1 : 0) - 1 / shape.classes));
  const weight = new Float32Array(shape.classes * features);
  const bias = new Float32Array(shape.classes);
  for (let label = 0; label < shape.classes; label += 1) {
    for (let f = 0; f < features; f += 1) {
      let sum = 0;
      for (let row = 0; row < rows; row += 1) sum += (values[row * features + f] as number) * (dual[row * shape.classes + label] as number);
      weight[label * features + f] = sharpness * sum * (scale[f] as number);
      bias[label] = (bias[label] as number) - (weight[label * features + f] as number) * (mean[f] as number);
    }
  }
  return { weight, bias };
}

/** Each feature less its mean, by its deviation. */
function standardised(seen: Float32Array, features: number): { values: Float64Array; mean: Float64Array; scale: Float64Array } {
  const rows = seen.length / features;
  const values = Float64Array.from(seen);
  const mean = new Float64Array(features);
  const scale = new Float64Array(features);
  for (let f = 0; f < features; f += 1) {
    let [sum, squares] = [0, 0];
    for (let at = f; at < seen.length; at += features) sum += seen[at] as number;
    mean[f] = sum / rows;
    for (let at = f; at < seen.length; at += features) squares += ((seen[at] as number) - sum / rows) ** 2;
    scale[f] = 1 / Math.sqrt(squares / rows + 1e-12);
    for (let at = f; at < seen.length; at += features) values[at] = ((seen[at] as number) - sum / rows) * (scale[f] as number);
  }
  return { values, mean, scale };
}

/** (X X' + ridge I)^-1 Y by Cholesky's factors: as many unknowns as rows, of which there are few. Y is overwritten. */
function solveRidge(x: Float64Array, features: number, y: Float64Array): Float64Array {
  const rows = x.length / features;
  const columns = y.length / rows;
  const row = (index: number): Float64Array => x.subarray(index * features, (index + 1) * features);
  const l = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = dot(row(i), row(j)) / features + (i === j ? ridge : 0);
      for (let k = 0; k < j; k += 1) sum -= (l[i * rows + k] as number) * (l[j * rows + k] as number);
      l[i * rows + j] = i === j ? Math.sqrt(sum) : sum / (l[j * rows + j] as number);
    }
  }
  for (let column = 0; column < columns; column += 1) {
    const at = (i: number): number => i * columns + column;
    for (let i = 0; i < rows; i += 1) {
      for (let k = 0; k < i; k += 1) y[at(i)] = (y[at(i)] as number) - (l[i * rows + k] as number) * (y[at(k)] as number);
      y[at(i)] = (y[at(i)] as number) / (l[i * rows + i] as number);
    }
    for (let i = rows - 1; i >= 0; i -= 1) {
      for (let k = i + 1; k < rows; k += 1) y[at(i)] = (y[at(i)] as number) - (l[k * rows + i] as number) * (y[at(k)] as number);
      y[at(i)] = (y[at(i)] as number) / (l[i * rows + i] as number);
    }
  }
  for (let index = 0; index < y.length; index += 1) y[index] = (y[index] as number) / features;
  return y;
}

function runFeatures(engine: Engine, shape: BottleneckShape, inputs: Float32Array): Float32Array {
  const session = engine.createSession(writeOnnx(bottleneckResnet(shape, seeds.weights)));
  try {
    const each = 3 * shape.side * shape.side;
    const rows = inputs.length / each;
    const all = new Float32Array(rows * featureCount(shape));
    for (let begin = 0; begin < rows; begin += rowsAtOnce) {
      const chunk = inputs.slice(begin * each, Math.min(begin + rowsAtOnce, rows) * each);
      const dims = [chunk.length / each, 3, shape.side, shape.side];
      const [output] = session.run([{ dtype: 'f32', dims, data: new Uint8Array(chunk.buffer) }]);
      const { buffer, byteOffset, byteLength } = (output as NonNullable<typeof output>).data;
      all.set(new Float32Array(buffer, byteOffset, byteLength / 4), begin * featureCount(shape));
    }
    return all;
  } finally {
    session.dispose();
  }
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
