// wasm/dist/wasi/offramp.wasm, the C-ABI: what it imports and exports, its size, and its calls in every order, in Node's own WebAssembly.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { withManifest, without } from '../serve/staged_package.js';
import { makeFixture, rowCount, sampleDims, sampleOf, type Answer } from './fixture.js';
import { exited, instantiate, needsStage, type CModule } from './c_module.js';

const file = 'wasm/dist/wasi/offramp.wasm';
const wasm = readFileSync(file);
const header = readFileSync('wasm/dist/wasi/offramp_c.h', 'utf8');
const fixture = await makeFixture();
const codes = { invalidArgument: -1, invalidData: -4, invalidPackage: -5 };

function opened(files = fixture.files, partial = 0): { module: CModule; session: number } {
  const module = instantiate(wasm);
  const session = module.call('offramp_create');
  for (const { name, bytes } of files) module.addFile(session, name, bytes);
  assert.equal(module.call('offramp_open', session, partial), 0, module.error(session));
  return { module, session };
}

function answer(module: CModule, session: number): Answer {
  const start = module.call('offramp_probabilities', session);
  return {
    class: module.call('offramp_class', session), exit: module.call('offramp_exit', session), score: module.call('offramp_score', session),
    probabilities: [...module.floats(start, module.call('offramp_classes', session))],
  };
}

test('it imports nothing but WASI, and of that only what prints a message', () => {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm)).map(({ module, name }) => `${module}.${name}`);
  assert.deepEqual(imports.sort(), ['wasi_snapshot_preview1.fd_close', 'wasi_snapshot_preview1.fd_seek', 'wasi_snapshot_preview1.fd_write']);
});

test('it exports what its header declares, and no more', () => {
  const exports = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name);
  const declared = [...header.replace(/\/\*.*?\*\//gs, '').matchAll(/\b(offramp_\w+)\(/g)].map(([, name]) => name as string);
  assert.ok(declared.length > 20);
  assert.deepEqual(exports.sort(), [...declared, 'memory', '_initialize', '__indirect_function_table'].sort());
});

test('its header is plain C99, and C++', () => {
  for (const language of [['-x', 'c', '-std=c99'], ['-x', 'c++', '-std=c++11']]) {
    execFileSync('cc', [...language, '-pedantic', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', 'wasm/dist/wasi/offramp_c.h'], { stdio: 'pipe' });
  }
});

test('it is small: inference alone', () => {
  assert.ok(wasm.length <= 1_100_000, `${wasm.length} bytes`);
  const packed = brotliCompressSync(wasm).length;
  assert.ok(packed <= 350_000, `${packed} bytes with brotli`);
});

test('every row gets the answer of the engine, stage by stage', () => {
  const { module, session } = opened();
  assert.equal(module.call('offramp_abi_version'), 1);
  assert.equal(module.call('offramp_stage_count', session), 3);
  assert.equal(module.text(module.call('offramp_manifest', session)), JSON.stringify(JSON.parse(new TextDecoder().decode(fixture.files[0]?.bytes))));
  for (let row = 0; row < rowCount; row += 1) {
    let status = module.begin(session, sampleDims, sampleOf(fixture, row));
    for (let stage = 1; status === needsStage; stage += 1) {
      assert.equal(module.call('offramp_stage', session), stage);
      assert.equal(module.call('offramp_exit', session), stage - 1, 'the early answer');
      status = module.call('offramp_go_on', session);
    }
    assert.equal(status, exited, module.error(session));
    assert.deepEqual(answer(module, session), fixture.expected[row]);
    assert.equal(module.call('offramp_stage', session), -1);
  }
  module.call('offramp_destroy', session);
});

test('a boundary goes on in another instance, and logits from elsewhere are judged', () => {
  const row = fixture.expected.findIndex(({ exit }) => exit === 2);
  const device = opened(without(fixture.files, 1, 2), 1);
  assert.equal(device.module.call('offramp_has_stage', device.session, 0), 1);
  assert.equal(device.module.call('offramp_has_stage', device.session, 1), 0);
  assert.equal(device.module.begin(device.session, sampleDims, sampleOf(fixture, row)), needsStage);
  const boundary = device.module.boundary(device.session);
  assert.equal(device.module.call('offramp_go_on', device.session), codes.invalidArgument);
  assert.equal(device.module.error(device.session), 'stage 1 cannot run here: its file was not handed in');

  const fog = opened(without(fixture.files, 0), 1);
  let status = fog.module.runStage(fog.session, 1, boundary.dims, boundary.values);
  while (status === needsStage) status = fog.module.call('offramp_go_on', fog.session);
  assert.equal(status, exited, fog.module.error(fog.session));
  assert.deepEqual(answer(fog.module, fog.session), fixture.expected[row]);

  const sure = Float32Array.from({ length: 10 }, (_, at) => (at === 3 ? 20 : 0));
  assert.equal(device.module.judge(device.session, 1, sure), exited);
  assert.deepEqual([device.module.call('offramp_class', device.session), device.module.call('offramp_exit', device.session)], [3, 1]);
  assert.equal(device.module.judge(device.session, 1, new Float32Array(10)), needsStage);
  assert.equal(device.module.call('offramp_stage', device.session), 2);
  assert.equal(device.module.call('offramp_boundary', device.session), 0);
});

test('errors are codes with a text, and the session goes on', () => {
  const { module, session } = opened();
  const fails = (status: number, code: number, text: string): void => {
    assert.equal(status, code);
    assert.equal(module.error(session), text);
  };
  fails(module.call('offramp_go_on', session), codes.invalidArgument, 'no stage is needed: begin with a sample');
  fails(module.begin(session, [1, 28, 27], new Uint8Array(28 * 27 * 4)), codes.invalidArgument,
    'expected one sample that becomes [1, 1, 28, 28], got shape [1, 28, 27], which becomes [1, 28, 27]');
  fails(module.begin(session, sampleDims, new Uint8Array(12)), codes.invalidArgument, 'shape [1, 28, 28] of f32 needs 3136 bytes, got 12');
  fails(module.begin(session, sampleDims, new Uint8Array(3136), 11), codes.invalidArgument, 'unknown element type 11: expected 0 to 9');
  fails(module.begin(session, [-1, 28, 28], new Uint8Array(0)), -7, 'negative dimension in shape [-1, 28, 28]');
  fails(module.begin(session, new Array<number>(17).fill(1), new Uint8Array(4)), -7, 'a tensor has 17 dimensions, at most 16 are allowed');
  fails(module.begin(session, sampleDims, new Uint8Array(new Float32Array(784).fill(NaN).buffer)), codes.invalidData, 'the sample is not finite at element 0 of the model\'s input');
  fails(module.addFile(session, 'stages/3.onnx', new Uint8Array(1)), codes.invalidArgument, 'files come before the package is opened');
  fails(module.call('offramp_open', session, 0), codes.invalidArgument, 'a session opens one package');
  fails(module.judge(session, 7, new Float32Array(10)), codes.invalidArgument, 'stage 7 has no exit');
  assert.deepEqual([answer(module, session).class, module.call('offramp_probabilities', session), module.call('offramp_exit', session)], [-1, 0, -1]);
  assert.ok([exited, needsStage].includes(module.begin(session, sampleDims, sampleOf(fixture, 0))));
  assert.equal(module.error(session), '');
});

test('a package that does not load is refused, and so is a sample without one', () => {
  const module = instantiate(wasm);
  const open = (files: typeof fixture.files): number => {
    const session = module.call('offramp_create');
    for (const { name, bytes } of files) module.addFile(session, name, bytes);
    assert.ok(module.call('offramp_open', session, 0) < 0);
    return session;
  };
  const missing = open(without(fixture.files, 1));
  assert.equal(module.error(missing), 'file "stages/1.onnx" is missing');
  assert.equal(module.begin(missing, sampleDims, sampleOf(fixture, 0)), codes.invalidArgument);
  assert.equal(module.error(missing), 'no package is open');
  const changed = open(withManifest(fixture.files, ({ stages }) => {
    if (stages[1] !== undefined) stages[1].sha256 = '0'.repeat(64);
  }));
  assert.match(module.error(changed), /^stages\/1\.onnx: /);
  module.call('offramp_destroy', 0);
  module.call('offramp_free', 0);
});

test('sessions come and go without leaving memory behind', () => {
  const module = instantiate(wasm);
  const round = (): void => {
    const session = module.call('offramp_create');
    const blocks = fixture.files.map(({ name, bytes }) => module.addFile(session, name, bytes));
    assert.ok(blocks.every((status) => status === 0));
    assert.equal(module.call('offramp_open', session, 0), 0);
    assert.ok(module.begin(session, sampleDims, sampleOf(fixture, 0)) > 0);
    module.call('offramp_destroy', session);
    module.freeAll();
  };
  round();
  const before = module.memoryBytes();
  for (let count = 0; count < 20; count += 1) round();
  assert.equal(module.memoryBytes(), before);
});
