// Packages whose stages or manifest differ from what `augment` writes, as the core still takes them.
import { createHash } from 'node:crypto';
import type { PackageFile } from '@offramp/engine';
import { integerAttribute, readOnnx, tensorOf, valueOf, writeOnnx, type OnnxModel, type OnnxNode } from '@offramp/engine/onnx';
import { withManifest, type Manifest } from '../serve/staged_package.js';

export function manifestOf(files: readonly PackageFile[]): Manifest {
  return JSON.parse(new TextDecoder().decode(files.find(({ name }) => name === 'manifest.json')?.bytes)) as Manifest;
}

/** All exits score by `score`, with one threshold. */
export function scoredBy(files: readonly PackageFile[], score: string, threshold: number): PackageFile[] {
  return withManifest(files, ({ stages }) => {
    for (const stage of stages) {
      if (stage.exit === null) continue;
      const { gate: _, ...exit } = stage.exit;
      stage.exit = { ...exit, score, threshold, ...(score === 'gate' ? { gate: [-3, 2, 1.5, 2.5] } : {}) };
    }
  });
}

/** A stage's file, edited; the manifest says so. */
export function withStage(files: readonly PackageFile[], stage: number, edit: (model: OnnxModel) => void): PackageFile[] {
  const name = `stages/${stage}.onnx`;
  const model = readOnnx(files.find((file) => file.name === name)?.bytes ?? new Uint8Array(0));
  edit(model);
  const bytes = writeOnnx(model);
  return withManifest(files, ({ stages }) => Object.assign(stages[stage] ?? {}, fileFacts(bytes))).map((file) => (file.name === name ? { name, bytes } : file));
}

/** Stages of a rectifier on four numbers, each but the last and `cuts` with an exit of two classes that nothing leaves at. */
export function chainPackage(count: number, cuts: readonly number[] = []): PackageFile[] {
  const last = count - 1;
  const stages = Array.from({ length: count }, (_, stage) => ({ name: `stages/${stage}.onnx`, bytes: chainStage(stage, stage === last, !cuts.includes(stage)) }));
  const manifest = {
    offramp_package: 1, producer: { name: 'test', version: '1' }, model: { input: { name: 'x', dtype: 'f32', shape: [4] }, classes: 2, labels: [] }, preprocess: [],
    base: { macs: 8 }, evidence: {}, mapping: [{ target: 'local', from: 0, to: count }], links: [],
    stages: stages.map(({ name, bytes }, stage) => ({
      file: name, ...fileFacts(bytes), macs: cuts.includes(stage) ? 0 : 8, boundary: stage === last ? null : { shape: [4], bytes: 16 },
      ...(stage === last || cuts.includes(stage) ? { head: null, exit: null } : {
        head: { kind: 'linear_gap', pooling: 'gap', hidden: 0, macs: 8, parameters: 10 },
        exit: { at: `exit ${stage}`, score: 'max_probability', temperature: 1, threshold: 2 },
      }),
    })),
  };
  return [{ name: 'manifest.json', bytes: json(manifest) }, ...stages];
}

function chainStage(stage: number, isLast: boolean, hasLogits: boolean): Uint8Array {
  const input = stage === 0 ? 'x' : 'boundary';
  const next = stage === 0 ? 'boundary' : 'next_boundary';
  const node = (op: string, inputs: string[], output: string, ...attributes: OnnxNode['attributes']): OnnxNode => ({ name: output, op, domain: '', inputs, outputs: [output], attributes });
  const weights = Float32Array.from({ length: 8 }, (_, index) => Math.sin(index + stage));
  const dense = node('Gemm', [isLast ? 'end' : next, 'w', 'b'], 'logits', integerAttribute('transB', 1));
  return writeOnnx({
    irVersion: 8, opsets: new Map([['', 17]]), metadata: {},
    graph: {
      name: 'chain', nodes: [node('Relu', [input], isLast ? 'end' : next), ...(hasLogits ? [dense] : [])],
      initializers: hasLogits ? [tensorOf('w', weights, [2, 4]), tensorOf('b', Float32Array.of(0.1, 0.2), [2])] : [],
      inputs: [valueOf(input, 'f32', ['N', 4])],
      outputs: [...(hasLogits ? [valueOf('logits', 'f32', ['N', 2])] : []), ...(isLast ? [] : [valueOf(next, 'f32', ['N', 4])])],
    },
  });
}

function fileFacts(bytes: Uint8Array): { sha256: string; bytes: number } {
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length };
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
