// Rows of Fashion-MNIST as the bundled model takes them, from Debian's package.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const folder = '/usr/share/datasets/fashion-mnist';

export interface FashionRows {
  values: Float32Array;
  dims: number[];
  labels: Int32Array;
}

export function fashionRows(set: 'train' | 't10k', begin: number, end: number): FashionRows {
  const images = gunzipSync(readFileSync(`${folder}/${set}-images-idx3-ubyte.gz`)).subarray(16);
  const labels = gunzipSync(readFileSync(`${folder}/${set}-labels-idx1-ubyte.gz`)).subarray(8);
  return {
    values: Float32Array.from(images.subarray(begin * 784, end * 784), (v) => v / 255),
    dims: [end - begin, 1, 28, 28],
    labels: Int32Array.from(labels.subarray(begin, end)),
  };
}
