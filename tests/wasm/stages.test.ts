// A package's stages are standard ONNX: ONNX's own checker passes, and ONNX Runtime, walked stage by stage with the
// manifest's temperatures and thresholds, gives our runtime's answers and exits.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Engine, PackageFile } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { fashionPackage } from './support/fashion_package.js';
import { fashionRows } from './support/fashion_mnist.js';

interface Manifest {
  stages: { file: string; macs: number; exit: { score: string; temperature: number; threshold: number; gate?: number[] } | null }[];
}

let engine: Engine;
let files: PackageFile[];
let manifest: Manifest;
const folder = mkdtempSync(join(tmpdir(), 'offramp-stages-'));
after(() => rmSync(folder, { recursive: true, force: true }));
before(async () => {
  engine = await loadNodeEngine();
  ({ files } = await fashionPackage());
  manifest = JSON.parse(new TextDecoder().decode(bytesOf('manifest.json'))) as Manifest;
  assert.ok(manifest.stages.length >= 2, 'the package has an early exit');
});

function bytesOf(name: string): Uint8Array {
  const file = files.find((candidate) => candidate.name === name);
  assert.ok(file, `${name} is in the package`);
  return file.bytes;
}

function softmax(logits: Float32Array, temperature: number): number[] {
  const largest = Math.max(...logits);
  const exps = [...logits].map((v) => Math.exp((v - largest) / temperature));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((v) => v / sum);
}

function scoreOf(kind: string, probabilities: number[], gate: number[] = []): number {
  if (kind === 'gate') {
    const scores = ['max_probability', 'margin', 'entropy'].map((plain) => scoreOf(plain, probabilities));
    return 1 / (1 + Math.exp(-scores.reduce((z, score, i) => z + score * (gate[i + 1] ?? NaN), gate[0] ?? NaN)));
  }
  const sorted = [...probabilities].sort((a, b) => b - a);
  if (kind === 'max_probability') return sorted[0] ?? NaN;
  if (kind === 'margin') return (sorted[0] ?? NaN) - (sorted[1] ?? NaN);
  const entropy = probabilities.reduce((sum, p) => sum - (p > 0 ? p * Math.log(p) : 0), 0);
  return 1 - entropy / Math.log(probabilities.length);
}

test("ONNX's checker passes on every stage", () => {
  for (const [index, stage] of manifest.stages.entries()) {
    const path = join(folder, `${index}.onnx`);
    writeFileSync(path, bytesOf(stage.file));
    execFileSync('/usr/bin/python3', ['-c', 'import onnx, sys; onnx.checker.check_model(onnx.load(sys.argv[1]), full_check=True)', path], { stdio: 'pipe' });
  }
});

test('ONNX Runtime, stage by stage, answers as our runtime does', async () => {
  const sessions = await Promise.all(manifest.stages.map((stage) => InferenceSession.create(bytesOf(stage.file))));
  const runtime = engine.createRuntime(files);
  const { values, labels } = fashionRows('t10k', 500, 700);
  const exits = new Set<number>();
  for (let row = 0; row < labels.length; row++) {
    const sample = values.slice(row * 784, (row + 1) * 784);
    const ours = runtime.run({ dtype: 'f32', dims: [1, 28, 28], data: new Uint8Array(sample.buffer) });
    exits.add(ours.exit);
    let input: Tensor = new Tensor('float32', sample, [1, 1, 28, 28]);
    for (const [k, stage] of manifest.stages.entries()) {
      const session = sessions[k];
      assert.ok(session);
      const outputs = await session.run({ [session.inputNames[0] ?? '']: input });
      const probabilities = softmax(outputs['logits']?.data as Float32Array, stage.exit?.temperature ?? 1);
      const score = stage.exit ? scoreOf(stage.exit.score, probabilities, stage.exit.gate) : 1;
      // A score within rounding of its threshold may fall either way.
      if (stage.exit && Math.abs(score - stage.exit.threshold) < 1e-5) break;
      if (!stage.exit || score >= stage.exit.threshold) {
        assert.equal(ours.exit, k, `row ${row}`);
        for (const [c, p] of probabilities.entries()) assert.ok(Math.abs(p - (ours.probabilities[c] ?? NaN)) < 1e-4, `row ${row} class ${c}`);
        break;
      }
      const boundary = session.outputNames.find((name) => name !== 'logits') ?? '';
      input = outputs[boundary] as Tensor;
    }
  }
  assert.ok(exits.size >= 2, 'rows leave at several places');
  runtime.dispose();
});
