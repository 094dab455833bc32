// ONNX's checker and ONNX Runtime, as the references that know nothing of packages.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';

export const folder = mkdtempSync(join(tmpdir(), 'offramp-export-'));
after(() => rmSync(folder, { recursive: true, force: true }));

export function checkOnnx(bytes: Uint8Array): void {
  inPython(bytes, 'onnx.checker.check_model(model, full_check=True)');
}

/** A file's inputs, and what those are that need not be given. */
export function describeInputs(bytes: Uint8Array): { inputs: string[]; defaults: Record<string, number> } {
  return JSON.parse(inPython(bytes, `
inputs = [i.name for i in model.graph.input]
print(json.dumps({'inputs': inputs, 'defaults': {t.name: float(onnx.numpy_helper.to_array(t)) for t in model.graph.initializer if t.name in inputs}}))`)) as ReturnType<typeof describeInputs>;
}

function inPython(bytes: Uint8Array, script: string): string {
  const path = join(folder, 'model.onnx');
  writeFileSync(path, bytes);
  return execFileSync('/usr/bin/python3', ['-c', `import json, onnx, onnx.numpy_helper, sys\nmodel = onnx.load(sys.argv[1])\n${script}`, path], { stdio: 'pipe' }).toString();
}

/** Warnings are left out: thresholds that can be replaced are one to it. */
export function openSession(bytes: Uint8Array, options: InferenceSession.SessionOptions = {}): Promise<InferenceSession> {
  return InferenceSession.create(bytes, { logSeverityLevel: 3, ...options });
}

/** As openSession, of the WebAssembly build, on one thread. */
export async function openWebSession(bytes: Uint8Array): Promise<InferenceSession> {
  const web = await import('onnxruntime-web');
  web.env.wasm.numThreads = 1;
  web.env.logLevel = 'error';
  return web.InferenceSession.create(bytes, { executionProviders: ['wasm'] });
}

export interface IfAnswer {
  exit: number;
  predictedClass: number;
  score: number;
  probabilities: Float32Array;
  dims: readonly (readonly number[])[];
}

/** What a file of nested If nodes says of one sample. */
export async function ifAnswer(session: InferenceSession, x: Float32Array, dims: number[]): Promise<IfAnswer> {
  const outputs = await session.run({ [session.inputNames[0] ?? '']: new Tensor('float32', x, dims) });
  const [answer, probabilities, exit, score] = session.outputNames.map((name) => outputs[name]);
  return {
    exit: Number(exit?.data[0]), predictedClass: Number(answer?.data[0]), score: Number(score?.data[0]), probabilities: probabilities?.data as Float32Array,
    dims: [answer, probabilities, exit, score].map((tensor) => tensor?.dims ?? []),
  };
}
