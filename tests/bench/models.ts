// The models that are measured, with a seeded input for each. All of them call their input "input".
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ModelInput } from './engines/engine.js';
import { cacheFolder, checkout, dataFolder } from './checkout.js';

export interface BenchModel {
  name: string;
  title: string;
  path: string;
  input: ModelInput;
}

interface Listed {
  title: string;
  file: string;
  from: 'example' | 'data' | 'generated';
  dims: number[];
}

const listed: Record<string, Listed> = {
  fashion_mnist: { title: 'Fashion-MNIST ResNet', file: 'examples/fashion_mnist/base.onnx', from: 'example', dims: [1, 1, 28, 28] },
  kws_dscnn: { title: 'DS-CNN (MLPerf Tiny)', file: 'kws/kws_dscnn.onnx', from: 'data', dims: [1, 1, 49, 10] },
  kws_arm_dscnn_l: { title: 'DS-CNN L (Arm)', file: 'kws/kws_arm_dscnn_l.onnx', from: 'data', dims: [1, 1, 49, 10] },
  ecg_resnet1d: { title: 'ECG ResNet-1D', file: 'ecg/ecg_resnet1d.onnx', from: 'data', dims: [1, 1, 256] },
  mlperf_resnet8: { title: 'ResNet-8 (MLPerf Tiny)', file: 'cifar10/mlperf_resnet8.onnx', from: 'data', dims: [1, 3, 32, 32] },
  resnet20: { title: 'ResNet-20', file: 'cifar10/resnet20.onnx', from: 'data', dims: [1, 3, 32, 32] },
  resnet56: { title: 'ResNet-56', file: 'cifar10/resnet56.onnx', from: 'data', dims: [1, 3, 32, 32] },
  mobilenet_v2: { title: 'MobileNetV2 224', file: 'mobilenet_v2.onnx', from: 'generated', dims: [1, 3, 224, 224] },
  resnet50: { title: 'ResNet-50 224', file: 'resnet50.onnx', from: 'generated', dims: [1, 3, 224, 224] },
  vit_tiny: { title: 'ViT-tiny 224', file: 'vit_tiny.onnx', from: 'generated', dims: [1, 3, 224, 224] },
};

/** All but the example, which stands for what every checkout has. */
export const defaultModels = Object.keys(listed).filter((name) => listed[name]?.from !== 'example');
export const knownModels = Object.keys(listed);

/** Errors: a plain Error for an unknown name or a file that is not there. */
export async function findModels(names: readonly string[]): Promise<BenchModel[]> {
  const models: BenchModel[] = [];
  for (const name of names) {
    const model = listed[name];
    if (model === undefined) throw new Error(`unknown model "${name}"; known are ${knownModels.join(', ')}`);
    const folder = model.from === 'example' ? checkout : model.from === 'data' ? dataFolder : await generatedModels();
    const path = join(folder, model.file);
    if (!existsSync(path)) throw new Error(`no model ${path}; OFFRAMP_DATA names the folder with the real models`);
    models.push({ name, title: model.title, path, input: { name: 'input', dims: model.dims, values: seededValues(model.dims) } });
  }
  return models;
}

/** The folder with what make_models.py writes, made once for each state of that script. */
async function generatedModels(): Promise<string> {
  const script = join(checkout, 'tests/bench/make_models.py');
  const key = createHash('sha256').update(await readFile(script)).digest('hex').slice(0, 16);
  const folder = join(cacheFolder, `bench-models-${key}`);
  if (existsSync(folder)) return folder;
  const part = `${folder}.part${process.pid}`;
  await mkdir(part, { recursive: true });
  try {
    await promisify(execFile)('/usr/bin/python3', [script, part]);
    await rename(part, folder);
  } catch (thrown) {
    await rm(part, { recursive: true, force: true });
    if (!existsSync(folder)) throw thrown;
  }
  return folder;
}

/** Uniform in [-1, 1), the same for everyone. */
export function seededValues(dims: readonly number[]): Float32Array {
  let state = 12345;
  return Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
