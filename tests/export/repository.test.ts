// The exported model repository: its configuration against ONNX Runtime's view of its files, and as our own session finds it on a server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { createStagedSession, exportPackage, readPlan, type PackageFile } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { answeredHere, sample, stagedPackage, withLink, withManifest, without } from '../serve/staged_package.js';
import { checkOnnx, openSession } from './onnx_runtime.js';
import { scoredBy, withStage } from './packages.js';
import { readConfiguration, repositoryFetch, type ConfiguredTensor } from './repository_server.js';

const engine = await loadNodeEngine();
const files = await stagedPackage(engine);
const plan = readPlan(engine.createRuntime(files).manifest());
const rows = 60;

function contentOf(exported: readonly PackageFile[], name: string): Uint8Array {
  const file = exported.find((candidate) => candidate.name === name);
  assert.ok(file, `${name} is there`);
  return file.bytes;
}

function textOf(exported: readonly PackageFile[], name: string): string {
  return new TextDecoder().decode(contentOf(exported, name));
}

/** Of Triton's model_config.proto. */
const knownFields = ['name', 'platform', 'max_batch_size', 'input', 'output', 'dynamic_batching', 'parameters'];
const onnxTypes: Record<string, string> = { FP32: 'float32', FP16: 'float16', UINT8: 'uint8', INT32: 'int32' };

for (const encoding of ['u8', 'f16'] as const) {
  test(`layout and configurations against the ONNX files, link in ${encoding}`, async () => {
    const exported = exportPackage(engine, withLink(files, encoding), 'oip');
    const models = ['stage_0', 'stage_1', `stage_1_${encoding}`, 'stage_2'];
    assert.deepEqual(exported.map(({ name }) => name), [...models.flatMap((name) => [`${name}/config.pbtxt`, `${name}/1/model.onnx`]), 'config.json', 'export.json']);
    for (const name of models) {
      const { message, ...configuration } = readConfiguration(contentOf(exported, `${name}/config.pbtxt`));
      assert.deepEqual(Object.keys(message).filter((field) => !knownFields.includes(field)), []);
      assert.equal(configuration.name, name, 'Triton wants the folder\'s name');
      assert.equal(configuration.platform, 'onnxruntime_onnx');
      assert.ok(configuration.maxBatchSize > 1, 'then dims are without the batch');
      const bytes = contentOf(exported, `${name}/1/model.onnx`);
      checkOnnx(bytes);
      const session = await openSession(bytes);
      const seen = (list: typeof session.inputMetadata): unknown[] => list.map((tensor) => (tensor.isTensor ? { name: tensor.name, type: tensor.type, shape: tensor.shape } : tensor));
      const wanted = (list: ConfiguredTensor[]): unknown[] => list.map(({ name: own, datatype, dims }) => ({ name: own, type: onnxTypes[datatype], shape: ['N', ...dims] }));
      assert.deepEqual(seen(session.inputMetadata), wanted(configuration.inputs), name);
      assert.deepEqual(seen(session.outputMetadata), wanted(configuration.outputs), name);
    }
    const { inputs } = readConfiguration(contentOf(exported, `stage_1_${encoding}/config.pbtxt`));
    const dims = plan.stages[1]?.inputShape;
    assert.deepEqual(inputs, encoding === 'f16' ? [{ name: 'boundary', datatype: 'FP16', dims }] : [
      { name: 'boundary', datatype: 'UINT8', dims }, { name: 'boundary_scale', datatype: 'FP32', dims: [1] }, { name: 'boundary_zero_point', datatype: 'INT32', dims: [1] },
    ]);
    assert.deepEqual(JSON.parse(textOf(exported, 'config.json')), {
      model_config_list: models.map((name) => ({ config: { name, base_path: name, plugin_config: { INFERENCE_PRECISION_HINT: 'f32' } } })),
    });
  });
}

test('export.json tells preprocessing, exits and tensors', () => {
  const steps = [{ op: 'scale', by: 0.5 }];
  const packaged = withManifest(scoredBy(files, 'margin', 0.8), (manifest) => {
    Object.assign(manifest, { preprocess: steps });
    for (const { exit } of manifest.stages) if (exit !== null) exit.temperature = 2;
  });
  const told = JSON.parse(textOf(exportPackage(engine, packaged, 'oip', () => ({ from: 1, to: 2 })), 'export.json')) as { note: string; preprocess: unknown; models: { exit: { at: string } }[] };
  assert.deepEqual(told.preprocess, steps);
  assert.equal(told.note, 'The model\'s input is what the preprocessing steps make of a sample; the export does not hold those steps.');
  const { exit: { at, ...exit } = { at: '' } } = told.models[0] ?? {};
  assert.deepEqual(told.models.map((model) => ({ ...model, exit })), [{
    name: 'stage_1', file: 'stage_1/1/model.onnx', stage: 1, exit: { score: 'margin', threshold: 0.8, temperature: 2 },
    inputs: [{ name: 'boundary', type: 'f32', dims: plan.stages[1]?.inputShape }],
    outputs: [{ name: 'logits', type: 'f32', dims: [10] }, { name: 'next_boundary', type: 'f32', dims: plan.stages[1]?.boundaryShape }],
  }]);
  assert.equal(at, '/blocks/stage3_block1/Relu_1');
});

test('names of any letters stand in a configuration', () => {
  const name = 'a "b" \\ \u00e9 \u2014';
  const renamed = withManifest(withStage(files, 0, ({ graph }) => {
    for (const node of graph.nodes) node.inputs = node.inputs.map((input) => (input === 'input' ? name : input));
    for (const input of graph.inputs) input.name = name;
  }), ({ model }) => { model.input.name = name; });
  assert.equal(readConfiguration(contentOf(exportPackage(engine, renamed, 'oip'), 'stage_0/config.pbtxt')).inputs[0]?.name, name);
});

for (const encoding of ['f32', 'f16', 'u8'] as const) {
  test(`a staged session on a server of the repository, boundary in ${encoding}`, async () => {
    const packaged = withLink(files, encoding);
    const asked: string[] = [];
    const fetch = repositoryFetch(exportPackage(engine, packaged, 'oip', () => ({ from: 1, to: 3 })), asked);
    const session = createStagedSession(engine, without(packaged, 1, 2), { remotes: [{ url: 'http://triton', from: 1, client: { fetch } }] });
    const exits = new Set<number>();
    for (let row = 0; row < rows; row += 1) {
      const wanted = answeredHere(engine, files, row, encoding);
      const { exit, predictedClass, probabilities, degraded, why } = await session.run(sample(row));
      assert.equal(degraded, false, why?.message);
      assert.deepEqual({ exit, predictedClass }, { exit: wanted.exit, predictedClass: wanted.predictedClass }, `row ${row}`);
      for (const [k, p] of probabilities.entries()) assert.ok(Math.abs(p - (wanted.probabilities[k] ?? NaN)) < 1e-5, `row ${row}, class ${k}`);
      exits.add(exit);
    }
    assert.deepEqual([...exits].sort(), [0, 1, 2], 'rows leave everywhere');
    assert.deepEqual([...new Set(asked)].sort(), [encoding === 'f32' ? 'stage_1' : `stage_1_${encoding}`, 'stage_2']);
    session.dispose();
  });
}

test('a batch: each row by its own scale', async () => {
  const exported = exportPackage(engine, withLink(files, 'u8'), 'oip', () => ({ from: 1, to: 2 }));
  const [u8, f32] = await Promise.all(['stage_1_u8', 'stage_1'].map((name) => openSession(contentOf(exported, `${name}/1/model.onnx`))));
  assert.ok(u8 !== undefined && f32 !== undefined);
  const shape = [2, ...plan.stages[1]?.inputShape ?? []];
  const count = shape.reduce((product, size) => product * size, 1);
  const bytes = Uint8Array.from({ length: count }, (_, index) => (index * 37) % 256);
  const [scales, zeroPoints] = [[0.01, 0.02], [3, 200]];
  const decoded = Float32Array.from(bytes, (byte, index) => (byte - (zeroPoints[Math.floor(index / (count / 2))] ?? NaN)) * Math.fround(scales[Math.floor(index / (count / 2))] ?? NaN));
  const theirs = await u8.run({
    boundary: new Tensor('uint8', bytes, shape), boundary_scale: new Tensor('float32', Float32Array.from(scales), [2, 1]), boundary_zero_point: new Tensor('int32', Int32Array.from(zeroPoints), [2, 1]),
  });
  const plain = await f32.run({ boundary: new Tensor('float32', decoded, shape) });
  const wanted = plain['logits']?.data as Float32Array;
  for (const [index, logit] of (theirs['logits']?.data as Float32Array).entries()) assert.ok(Math.abs(logit - (wanted[index] ?? NaN)) < 1e-4 * Math.max(1, Math.abs(logit)), `element ${index}`);
});
