// Reading and writing ONNX: what passes through unchanged, and what is no model.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Tensor } from 'onnxruntime-node';
import { graphAttribute, integerAttribute, integersAttribute, integersOf, readOnnx, valueOf, writeOnnx, type OnnxModel } from '@offramp/engine/onnx';
import { fashionRows } from '../wasm/support/fashion_mnist.js';
import { checkOnnx, openSession } from './onnx_runtime.js';

const example = readFileSync('examples/fashion_mnist/base.onnx');

test('a model that is read and written gives the same answers', async () => {
  const written = writeOnnx(readOnnx(example));
  checkOnnx(written);
  const { values, dims } = fashionRows('t10k', 0, 4);
  const [ours, theirs] = await Promise.all([written, example].map(async (bytes) => {
    const session = await openSession(bytes);
    return (await session.run({ [session.inputNames[0] ?? '']: new Tensor('float32', values, dims) }))[session.outputNames[0] ?? '']?.data;
  }));
  assert.ok(ours !== undefined && ours.length === 40);
  assert.deepEqual(ours, theirs);
});

test('lists of whole numbers, negative ones and packed ones too', () => {
  assert.deepEqual(integersOf(integersAttribute('axes', [0, 300, -1, -(2 ** 40)])), [0n, 300n, -1n, BigInt(-(2 ** 40))]);
  assert.deepEqual(integersOf({ name: 'axes', rest: [Uint8Array.of(0x42, 3, 5, 0xac, 2)] }), [5n, 300n]);
  assert.deepEqual(integersOf({ name: 'axes', rest: [Uint8Array.of(0x42, 0)] }), []);
});

function modelWith(change: (model: OnnxModel) => void): Uint8Array {
  const model: OnnxModel = {
    irVersion: 8, opsets: new Map([['', 17]]), metadata: {},
    graph: { name: 'g', inputs: [valueOf('x', 'f32', ['N'])], outputs: [valueOf('y', 'f32', ['N'])], initializers: [], nodes: [] },
  };
  change(model);
  return writeOnnx(model);
}

const cases: [string, Uint8Array, string, string][] = [
  ['cut within a number', Uint8Array.of(0x08, 0x80), 'invalid_model', 'a damaged protobuf message: it ends within a number'],
  ['cut within a field', Uint8Array.of(0x3a, 9, 1), 'invalid_model', 'a damaged protobuf message: field 7 goes on past the end'],
  ['a length past all memory', Uint8Array.of(0x3a, 255, 255, 255, 255, 255, 255, 255, 127), 'invalid_model', 'a damaged protobuf message: field 7 goes on past the end'],
  ['an endless number', new Uint8Array(11).fill(255), 'invalid_model', 'a damaged protobuf message: a number of more than ten bytes'],
  ['a group', Uint8Array.of(0x0b), 'invalid_model', 'a damaged protobuf message: wire type 3'],
  ['text', new TextEncoder().encode('this is no model'), 'invalid_model', 'a damaged protobuf message: wire type 4'],
  ['nothing', new Uint8Array(0), 'invalid_model', 'no ONNX model: it has no graph'],
  ['functions', Uint8Array.of(0x3a, 0, 0xca, 1, 0), 'unsupported', 'the model has functions of its own, which an export cannot put together'],
  ['sparse weights', Uint8Array.of(0x3a, 2, 0x7a, 0), 'unsupported', 'the graph has sparse weights, which an export cannot put together'],
  ['a graph within', modelWith(({ graph }) => {
    graph.nodes.push({ name: 'if', op: 'If', domain: '', inputs: ['x'], outputs: ['y'], attributes: [integerAttribute('a', 1), graphAttribute('then_branch', graph)] });
  }), 'unsupported', 'an operator If has a graph of its own, which an export cannot put together'],
];
for (const [name, bytes, code, message] of cases) {
  test(`refused: ${name}`, () => assert.throws(() => readOnnx(bytes), { code, message }));
}
