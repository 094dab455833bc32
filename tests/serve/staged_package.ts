// A package of three stages for the tests of offload, its rows, and copies of it with another manifest.
import { readFileSync } from 'node:fs';
import { augmentModel, type Dataset, type Encoding, type Engine, type Exited, type PackageFile, type RawTensor } from '@offramp/engine';
import { fashionRows } from '../wasm/support/fashion_mnist.js';

/** Of Fashion-MNIST. */
export function dataset(set: 'train' | 't10k', begin: number, end: number): Dataset {
  const { values, dims, labels } = fashionRows(set, begin, end);
  return { name: `${set} ${begin}`, x: { dtype: 'f32', dims, data: new Uint8Array(values.buffer) }, y: labels };
}

export interface Exit {
  score: string;
  threshold: number;
  temperature: number;
  gate?: number[];
}
export interface Manifest {
  model: { input: { name: string } };
  stages: { exit: Exit | null; file: string; sha256: string; bytes: number }[];
  mapping: { target: string; from: number; to: number }[];
  links: unknown[];
}

export function withManifest(files: readonly PackageFile[], change: (manifest: Manifest) => void): PackageFile[] {
  return files.map(({ name, bytes }) => {
    if (name !== 'manifest.json') return { name, bytes };
    const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Manifest;
    change(manifest);
    return { name, bytes: new TextEncoder().encode(JSON.stringify(manifest)) };
  });
}

/** Stage 0 on a device, the others behind a link of that encoding. */
export function withLink(files: readonly PackageFile[], encoding: Encoding): PackageFile[] {
  return withManifest(files, (manifest) => {
    manifest.mapping = [{ target: 'device', from: 0, to: 1 }, { target: 'fog', from: 1, to: 3 }];
    manifest.links = [{ bytes_per_s: 1e6, rtt_ns: 1e6, energy_nj_per_byte: 0, encoding }];
  });
}

/** What one machine answers that rounds the boundary into stage 1 as the link does. */
export function answeredHere(engine: Engine, files: PackageFile[], row: number, encoding: Encoding): Exited {
  const runtime = engine.createRuntime(files);
  try {
    let result = runtime.begin(sample(row));
    while ('needsStage' in result) {
      const { stage, boundary } = result.needsStage;
      const sent = stage === 1 ? engine.decodeBoundary(engine.encodeBoundary(boundary, encoding), encoding, boundary.dims) : boundary;
      result = runtime.runStage(stage, sent);
    }
    return result.exited;
  } finally {
    runtime.dispose();
  }
}

export function without(files: readonly PackageFile[], ...stages: number[]): PackageFile[] {
  return files.filter(({ name }) => !stages.some((stage) => name === `stages/${stage}.onnx`));
}

/** Few rows leave at the first exit, some at the second, the rest at the end. */
export async function stagedPackage(engine: Engine): Promise<PackageFile[]> {
  const data = { train: dataset('train', 0, 300), select: dataset('train', 50_000, 50_400), test: dataset('t10k', 0, 100) };
  const { files } = await augmentModel(engine, readFileSync('examples/fashion_mnist/base.onnx'), data, { maxDropPp: 8, epochs: 2, seed: 1, preprocess: [] });
  return withManifest(files, ({ stages }) => {
    if (stages.length !== 3) throw new Error(`the fixture has ${stages.length} stages`);
    for (const { exit } of stages) if (exit !== null) exit.threshold = 0.8;
  });
}

const { values } = fashionRows('t10k', 1000, 1200);
/** One of 200 samples. */
export function sample(row: number): RawTensor {
  const at = (row % 200) * 784;
  return { dtype: 'f32', dims: [1, 28, 28], data: new Uint8Array(values.slice(at, at + 784).buffer) };
}
