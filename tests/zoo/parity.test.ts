// Every model of the zoo gives ONNX Runtime's logits: native and wasm, reference and XNNPACK, one row at a time and five
// at once, within 1e-3 of the logits' scale.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { zooFile, zooModels, type ZooModel } from './zoo.js';

const toleranceOfScale = 1e-3;
const hosts = [
  { name: 'native', command: 'build/native/tests/offramp_probe', prefix: [] },
  { name: 'wasm', command: process.execPath, prefix: ['build/wasm/tests/offramp_probe.js'] },
];
const runs = ['reference.1', 'reference.all', 'xnnpack.1', 'xnnpack.all'];

const folder = mkdtempSync(join(tmpdir(), 'offramp-zoo-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function bytesOf(path: string): ArrayBuffer {
  return new Uint8Array(readFileSync(path)).buffer;
}

async function expectedLogits(model: ZooModel): Promise<Float32Array> {
  const rows = bytesOf(zooFile(`${model.name}.rows`));
  const session = await InferenceSession.create(zooFile(`${model.name}.onnx`));
  const input = model.dtype === 'int64' ? new Tensor('int64', new BigInt64Array(rows), model.dims) : new Tensor('float32', new Float32Array(rows), model.dims);
  const outputs = await session.run({ input });
  await session.release();
  return outputs['logits']?.data as Float32Array;
}

for (const model of zooModels()) {
  test(`${model.name} (${model.exporter}, opset ${model.opset}) agrees with ONNX Runtime`, async () => {
    const expected = await expectedLogits(model);
    const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    assert.ok(scale > 0);
    for (const { name, command, prefix } of hosts) {
      const out = join(folder, name);
      execFileSync(command, [...prefix, 'zoo', zooFile(`${model.name}.onnx`), zooFile(`${model.name}.rows`), model.dims.join('x'), out]);
      for (const run of runs) {
        const logits = new Float32Array(bytesOf(`${out}.${run}`));
        assert.equal(logits.length, expected.length);
        const worst = logits.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] ?? NaN))), 0);
        assert.ok(worst <= toleranceOfScale * scale, `${name} ${run}: largest difference ${worst} of ${scale}`);
      }
    }
  });
}
