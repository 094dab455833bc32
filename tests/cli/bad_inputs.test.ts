// Bad models, data, packages and outputs: the exit code, the text, and that nothing is left behind.
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { zipSync } from 'fflate';
import { exampleModel, offramp, squares, temporaryFolder, writeSquares } from './command.js';
import { encodeNpy } from './npy_writer.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const good = writeSquares(at('good.npz'), 120, 1);
const onnx = readFileSync(exampleModel);
copyFileSync(exampleModel, at('model.onnx'));
writeFileSync(at('cut.onnx'), onnx.subarray(0, onnx.length >> 1));
writeFileSync(at('text.onnx'), 'this is no model');
writeFileSync(at('empty.onnx'), '');
writeFileSync(at('x.txt'), 'text');
writeFileSync(at('no_package.offramp'), zipSync({ 'manifest.json': Buffer.from('{}') }));
writeFileSync(at('evil.offramp'), zipSync({ 'manifest.json': Buffer.from('{}'), '../evil.onnx': Buffer.from('x') }));
writeFileSync(at('bomb.offramp'), zipSync({ 'manifest.json': Buffer.from('{}'), 'stages/0.onnx': new Uint8Array(50_000_000) }));
writeFileSync(at('steps.json'), '{"op": "scale"}');
mkdirSync(at('empty_folder'));
const { x, y } = squares(40, 2);
const npz = (name: string, arrays: Record<string, Uint8Array>): void => writeFileSync(at(name), zipSync(arrays, { level: 1 }));
npz('labels.npz', { 'x.npy': encodeNpy('|u1', [40, 28, 28], x), 'y.npy': encodeNpy('|u1', [40], y.map((label) => (label === 9 ? 12 : label))) });
npz('one_class.npz', { 'x.npy': encodeNpy('|u1', [40, 28, 28], x), 'y.npy': encodeNpy('|u1', [40], new Uint8Array(40)) });
npz('mismatch.npz', { 'x.npy': encodeNpy('|u1', [40, 28, 28], x), 'y.npy': encodeNpy('|u1', [39], y.subarray(0, 39)) });
npz('few.npz', { 'x.npy': encodeNpy('|u1', [12, 28, 28], x.subarray(0, 12 * 784)), 'y.npy': encodeNpy('|u1', [12], y.subarray(0, 12)) });
const holes = new Float32Array(400 * 784);
holes[300 * 784 + 5] = NaN;
npz('nan.npz', { 'x.npy': encodeNpy('<f4', [400, 1, 28, 28], new Uint8Array(holes.buffer)), 'y.npy': encodeNpy('|u1', [400], Uint8Array.from(holes.subarray(0, 400), (_, row) => row % 10)) });
npz('shape.npz', { 'x.npy': encodeNpy('|u1', [40, 14, 56], x), 'y.npy': encodeNpy('|u1', [40], y) });
writeFileSync(at('escape.json'), '{"offramp_dataset": 1, "x": "../x.npy", "y": "y.npy"}');

type Case = [name: string, args: string[], code: number, message: string | RegExp];
const model = at('model.onnx');
const out = at('out.offramp');
const augment = (...args: string[]): string[] => ['augment', ...args, '-o', out];
const cases: Case[] = [
  ['no model', ['inspect', at('none.onnx')], 3, `${at('none.onnx')}: it does not exist`],
  ['a folder as model', ['inspect', folder], 3, `${folder}: it is a folder, a file is needed`],
  ['a device as model', ['inspect', '/dev/zero'], 3, '/dev/zero: it is a device or pipe, a file is needed'],
  ['text as model', ['inspect', at('text.onnx')], 3, /text\.onnx > loading model/],
  ['empty model', ['inspect', at('empty.onnx')], 3, /empty\.onnx > loading model/],
  ['half a model', augment(at('cut.onnx'), '--data', good), 3, /cut\.onnx > loading model/],
  ['a package as model', ['inspect', at('no_package.offramp')], 3, `${at('no_package.offramp')}: a package where an ONNX model is needed`],
  ['no data', augment(model, '--data', at('none.npz')), 3, `${at('none.npz')} cannot be opened: it does not exist`],
  ['unknown data', augment(model, '--data', at('x.txt')), 3, /^data .*x\.txt: unknown kind of data file/],
  ['empty data folder', augment(model, '--data', at('empty_folder')), 3, /^data .*empty_folder: the folder holds no data that are known/],
  ['data outside the folder', augment(model, '--data', at('escape.json')), 3, /path "\.\.\/x\.npy" has "\.\."; only files in the description's own folder are opened/],
  ['labels out of range', augment(model, '--data', at('labels.npz')), 3, /label 12, but the model has 10 classes \(0 to 9\)$/],
  ['labels out of range, evaluated', ['evaluate', model, '--data', at('labels.npz')], 3, `data ${at('labels.npz')}: row 9: label 12, but the model has 10 classes (0 to 9)`],
  ['one class', augment(model, '--data', at('one_class.npz')), 3, /class/],
  ['one label less than samples', augment(model, '--data', at('mismatch.npz')), 3, /40 samples but 39 labels/],
  ['too few rows', augment(model, '--data', at('few.npz')), 3, /rows/],
  ['a NaN among the inputs', augment(model, '--data', at('nan.npz')), 3, /nan\.npz: row 300: value NaN at position 5; samples must be finite\. Drop or repair the row$/],
  ['a NaN, evaluated', ['evaluate', model, '--data', at('nan.npz')], 3, /nan\.npz: row 300: value NaN at position 5; samples must be finite\. Drop or repair the row$/],
  ['wrong shape', augment(model, '--data', at('shape.npz')), 3, /samples have shape \[14, 56\], the model takes \[1, 28, 28\]/],
  ['steps that are no list', augment(model, '--data', good, '--preprocess', at('steps.json')), 3, '--preprocess: preprocessing must be a list of steps like {"op": "scale", "by": 0.004}'],
  ['steps that are no JSON', augment(model, '--data', good, '--preprocess', '[{'), 2, /^--preprocess: the value is not JSON/],
  ['unknown step', augment(model, '--data', good, '--preprocess', '[{"op":"magic"}]'), 3, /magic/],
  ['output in no folder', ['augment', model, '--data', good, '-o', at('none/out.offramp')], 2, `cannot write ${at('none/out.offramp')}: the folder ${at('none')} does not exist`],
  ['output is a folder', ['augment', model, '--data', good, '-o', at('empty_folder')], 2, `cannot write ${at('empty_folder')}: it is a folder; name a file`],
  ['output is the model', ['augment', model, '--data', good, '-o', model], 2, `-o ${model} would overwrite the model`],
  ['no package', ['run', at('x.txt'), '--input', at('x.txt')], 3, `${at('x.txt')}: no package: neither a zip nor a folder with a manifest.json`],
  ['folder without manifest', ['evaluate', at('empty_folder'), '--data', good], 3, `${at('empty_folder')}: the folder holds no manifest.json`],
  ['empty manifest', ['evaluate', at('no_package.offramp'), '--data', good], 3, /no_package\.offramp/],
  ['hostile entry', ['evaluate', at('evil.offramp'), '--data', good], 3, `${at('evil.offramp')}: an entry named "../evil.onnx" is not allowed in a package: only manifest.json and stages/0.onnx, stages/1.onnx, ...`],
  ['bomb', ['evaluate', at('bomb.offramp'), '--data', good], 3, /entry stages\/0\.onnx unpacks to 50000000 bytes from \d+, more than 100 to 1$/],
  ['steps for a package', ['evaluate', at('no_package.offramp'), '--data', good, '--preprocess', '[]'], 2, '--preprocess is for models; a package brings its own preprocessing'],
  ['report of nothing', ['report', at('x.txt'), '-o', at('r.html')], 3, `${at('x.txt')}: no package: neither a zip nor a folder with a manifest.json`],
];

const before = readdirSync(folder).sort();
for (const [name, args, code, message] of cases) {
  test(name, async () => {
    const { code: seen, out: printed, err } = await offramp(...args);
    const last = err.trimEnd().split('\n').at(-1) ?? '';
    assert.equal(seen, code, err);
    assert.equal(printed, '');
    assert.ok(last.startsWith('offramp: error: '), err);
    const text = last.slice('offramp: error: '.length);
    if (typeof message === 'string') assert.equal(text, message);
    else assert.match(text, message);
    assert.deepEqual(readdirSync(folder).sort(), before, 'nothing may be left behind');
  });
}

test('with --json the error is also JSON on standard output', async () => {
  const { code, out: printed } = await offramp('inspect', at('none.onnx'), '--json');
  assert.equal(code, 3);
  assert.deepEqual(JSON.parse(printed), { error: { code: 'invalid_model', message: 'it does not exist', context: [at('none.onnx')] } });
  assert.equal(basename(at('none.onnx')), 'none.onnx');
});
