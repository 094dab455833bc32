// The bundled examples' files beside the page, in a folder named by their contents: the base models, and part of Fashion-MNIST as Debian
// packages it, which is read here and not kept in this repository. Synthetic rows are made on the page and need no file.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

// The base model was trained on rows 0 to 49999 of train, so thresholds and figures come from rows it has never seen.
const parts = [
  { part: 'train', set: 'train', first: 0, rows: 2000 },
  { part: 'select', set: 'train', first: 50_000, rows: 1200 },
  { part: 'test', set: 't10k', first: 0, rows: 1200 },
];
const labels = ['T-shirt', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'];
const preprocess = [{ op: 'scale', by: 0.00392156862745098 }, { op: 'reshape', shape: [-1, 1, 28, 28] }];

interface NamedFile {
  name: string;
  bytes: Uint8Array;
}

/** `folder` is where the page finds them, relative to itself. Without Fashion-MNIST its example has a model and no rows, and the build says so. */
export function exampleFiles(examples: string, fashion: string): { folder: string; plugin: Plugin } {
  const rows = existsSync(join(fashion, 'train-images-idx3-ubyte.gz'));
  const files: NamedFile[] = [
    { name: 'fashion.onnx', bytes: readFileSync(join(examples, 'fashion_mnist/base.onnx')) },
    ...['whistles', 'heartbeats'].map((name) => ({ name: `${name}.onnx`, bytes: readFileSync(join(examples, `synthetic/${name}.onnx`)) })),
    ...(rows ? fashionFiles(fashion) : []),
  ];
  const hash = createHash('sha256');
  for (const { name, bytes } of files) hash.update(name).update(bytes);
  const folder = `examples-${hash.digest('hex').slice(0, 12)}`;
  return {
    folder,
    plugin: {
      name: 'offramp:example-files',
      apply: 'build',
      buildStart() {
        if (!rows) this.warn(`${fashion} is not there (Debian's package dataset-fashion-mnist): the page's first example will lack its rows`);
      },
      generateBundle() {
        for (const { name, bytes } of files) this.emitFile({ type: 'asset', fileName: `${folder}/${name}`, source: bytes });
      },
    },
  };
}

function fashionFiles(fashion: string): NamedFile[] {
  const unpacked = new Map<string, Buffer>();
  const read = (name: string): Buffer => {
    const bytes = unpacked.get(name) ?? gunzipSync(readFileSync(join(fashion, name)));
    unpacked.set(name, bytes);
    return bytes;
  };
  return parts.flatMap(({ part, set, first, rows }) => {
    const images = `${part}-images-idx3-ubyte.gz`;
    const classes = `${part}-labels-idx1-ubyte.gz`;
    const description = {
      offramp_dataset: 1, x: images, y: classes, labels, preprocess, note: `rows ${first} to ${first + rows - 1} of Fashion-MNIST's ${set} set`,
    };
    return [
      { name: `fashion/${part}.json`, bytes: Buffer.from(JSON.stringify(description)) },
      { name: `fashion/${images}`, bytes: cutIdx(read(`${set}-images-idx3-ubyte.gz`), first, rows) },
      { name: `fashion/${classes}`, bytes: cutIdx(read(`${set}-labels-idx1-ubyte.gz`), first, rows) },
    ];
  });
}

/** Rows [first, first + rows) of an IDX file of bytes, gzipped. */
function cutIdx(idx: Buffer, first: number, rows: number): Buffer {
  const start = 4 + 4 * (idx[3] as number);
  const each = (idx.length - start) / idx.readUInt32BE(4);
  const head = Buffer.from(idx.subarray(0, start));
  head.writeUInt32BE(rows, 4);
  return gzipSync(Buffer.concat([head, idx.subarray(start + first * each, start + (first + rows) * each)]), { level: 9 });
}
