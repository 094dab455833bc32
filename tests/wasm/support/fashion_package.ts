// A small real package: the bundled model augmented on a few thousand rows of Fashion-MNIST.
import { readFileSync } from 'node:fs';
import { augmentModel, type AugmentOutcome, type Dataset } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { fashionRows } from './fashion_mnist.js';

export const baseModel = readFileSync('examples/fashion_mnist/base.onnx');

function dataset(set: 'train' | 't10k', begin: number, end: number): Dataset {
  const { values, dims, labels } = fashionRows(set, begin, end);
  return { name: `${set} ${begin}`, x: { dtype: 'f32', dims, data: new Uint8Array(values.buffer) }, y: labels };
}

export async function fashionPackage(): Promise<AugmentOutcome> {
  const engine = await loadNodeEngine();
  const data = { train: dataset('train', 0, 1500), select: dataset('train', 50_000, 51_000), test: dataset('t10k', 0, 500) };
  return augmentModel(engine, baseModel, data, { maxDropPp: 3, epochs: 6, seed: 1, preprocess: [] });
}
