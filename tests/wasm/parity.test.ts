// Every real model gives ONNX Runtime's logits: reference and XNNPACK, native and wasm, 200 rows, 1e-4 absolute.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { realData } from './support/real_data.js';
import { loadInputs } from './support/independent_dataset.js';

const rows = 200;
const toleranceAbsolute = 1e-4;
const hosts: { name: string; command: string[] }[] = [
  { name: 'native', command: ['build/native/tests/offramp_probe'] },
  { name: 'wasm', command: [process.execPath, 'build/wasm/tests/offramp_probe.js'] },
];

function descriptionFor(model: string): string {
  const name = basename(model);
  if (name.startsWith('mlperf_')) return 'cifar10/mlperf.test.json';
  if (name.startsWith('resnet')) return 'cifar10/resnet.test.json';
  if (name.startsWith('kws_arm')) return 'kws/arm.test.json';
  if (name.startsWith('kws_')) return 'kws/dscnn.test.json';
  if (name.startsWith('ecg_ps')) return 'ecg/ps_test.json';
  return 'ecg/test.json';
}

const data = realData();
const folder = mkdtempSync(join(tmpdir(), 'offramp-parity-'));
after(() => rmSync(folder, { recursive: true, force: true }));
before(() => {
  for (const { command } of hosts) assert.ok(existsSync(command.at(-1) ?? ''), `${command.at(-1)} is built`);
});

for (const model of data.models()) {
  test(`${model} agrees with ONNX Runtime`, async () => {
    const { values, dims } = loadInputs(data.path(descriptionFor(model)), rows);
    const session = await InferenceSession.create(data.path(model));
    const outputs = await session.run({ [session.inputNames[0] ?? '']: new Tensor('float32', values, dims) });
    const expected = outputs[session.outputNames[0] ?? '']?.data as Float32Array;
    await session.release();

    const inputFile = join(folder, 'input.f32');
    const outputFile = join(folder, 'logits.f32');
    writeFileSync(inputFile, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    for (const host of hosts) {
      for (const backend of ['reference', 'xnnpack']) {
        const [program, ...prefix] = host.command;
        execFileSync(program ?? '', [...prefix, 'logits', data.path(model), inputFile, dims.join('x'), backend, outputFile]);
        const bytes = readFileSync(outputFile);
        const logits = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
        assert.equal(logits.length, expected.length);
        let worst = 0;
        for (const [i, value] of logits.entries()) worst = Math.max(worst, Math.abs(value - (expected[i] ?? NaN)));
        assert.ok(worst <= toleranceAbsolute, `${host.name} ${backend}: largest difference ${worst}`);
      }
    }
  });
}
