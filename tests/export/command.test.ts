// offramp export: what it writes, and what it refuses without a trace.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { zipPackage, type PackageFile } from '@offramp/engine';
import { offramp, temporaryFolder } from '../cli/command.js';
import { checkOnnx } from './onnx_runtime.js';
import { withManifest } from '../serve/staged_package.js';
import { chainPackage } from './packages.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const files = chainPackage(3);
const write = (name: string, packaged: readonly PackageFile[]): string => {
  writeFileSync(at(name), zipPackage(packaged));
  return at(name);
};
const good = write('good.offramp', files);
const listed = (path: string): string[] => readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1)).sort();

for (const form of ['if-onnx', 'all-exits']) {
  test(`${form}: one file, which is written again`, async () => {
    const output = at(`${form}.onnx`);
    for (const _ of [1, 2]) {
      const { code, out, err } = await offramp('export', good, '--as', form, '-o', output, '--json');
      assert.equal(code, 0, err);
      const bytes = readFileSync(output);
      assert.deepEqual(JSON.parse(out), { output, form, bytes: bytes.length, files: [] });
      assert.match(err, /^offramp: wrote .*\.onnx \([0-9,]+ bytes\)\n$/);
      checkOnnx(bytes);
    }
    assert.match(readFileSync(output, 'latin1'), /offramp\.preprocess/, 'the file tells what it takes');
  });
}

test('stages: a folder that is a package itself', async () => {
  const output = at('stages');
  mkdirSync(output); // an empty folder is as good as none
  const { code, err } = await offramp('export', good, '--as', 'stages', '-o', output);
  assert.equal(code, 0, err);
  assert.deepEqual(listed(output), ['export.json', 'manifest.json', 'stages/0.onnx', 'stages/1.onnx', 'stages/2.onnx']);
  for (const { name, bytes } of files) assert.deepEqual(new Uint8Array(readFileSync(join(output, name))), new Uint8Array(bytes), name);
  writeFileSync(at('x.json'), '[1, -2, 3, 4]');
  const ran = await offramp('run', output, '--input', at('x.json'), '--json');
  assert.equal(ran.code, 0, ran.err);
});

test('oip: the stages asked for', async () => {
  const output = at('models');
  const { code, out, err } = await offramp('export', good, '--as', 'oip', '--stages', '1..', '-o', output, '--json');
  assert.equal(code, 0, err);
  const expected = ['config.json', 'export.json', 'stage_1/1/model.onnx', 'stage_1/config.pbtxt', 'stage_2/1/model.onnx', 'stage_2/config.pbtxt'];
  assert.deepEqual(listed(output), expected);
  assert.deepEqual((JSON.parse(out) as { files: string[] }).files.sort(), expected);
});

test('a node\'s own files are enough for the stages that it has', async () => {
  const part = write('part.offramp', files.filter(({ name }) => name !== 'stages/0.onnx'));
  assert.equal((await offramp('export', part, '--as', 'oip', '--stages', '1..', '-o', at('part'))).code, 0);
  const all = await offramp('export', part, '--as', 'oip', '-o', at('all'));
  assert.deepEqual([all.code, all.err], [3, `offramp: error: ${part}: stages/0.onnx is missing; an export of its stage needs it\n`]);
  assert.ok(!existsSync(at('all')));
});

test('what is refused leaves no trace', async () => {
  mkdirSync(at('full'));
  writeFileSync(join(at('full'), 'a'), '');
  writeFileSync(at('text'), 'text');
  const broken = write('broken.offramp', withManifest(files, ({ stages }) => Object.assign(stages[1] ?? {}, { sha256: '0'.repeat(64) })));
  const deep = write('deep.offramp', chainPackage(32));
  const cases: [string[], number, string | RegExp][] = [
    [[good, '--as', 'tflite', '-o', at('o')], 2, '--as is if-onnx or stages or oip or all-exits or features, not "tflite"'],
    [[good, '--as', 'features', '-o', at('o')], 3, `${good}: a package where an ONNX model is needed`],
    [[good, '--as', 'features', '--stages', '1', '-o', at('o')], 2, '--stages goes with --as stages or oip; features has none'],
    [[good, '--as', 'oip', '-o', at('full')], 2, `cannot write ${at('full')}: the folder exists and is not empty; remove it or name another`],
    [[good, '--as', 'stages', '-o', at('text')], 2, `cannot write ${at('text')}: it exists and is no folder; name another`],
    [[good, '--as', 'stages', '-o', at('none/o')], 2, `cannot write ${at('none/o')}: the folder ${at('none')} does not exist`],
    [[good, '--as', 'stages', '-o', at('text/o')], 2, `cannot write ${at('text/o')}: part of the path is no folder`],
    [[good, '--as', 'stages', '--output='], 2, 'the output folder has an empty name'],
    [[good, '--as', 'if-onnx', '-o', at('full')], 2, `cannot write ${at('full')}: it is a folder; name a file`],
    [[good, '--as', 'oip', '--stages', '3', '-o', at('o')], 2, `${good}: --stages is a stage or a range such as 1.. or 1..2, of 0 to 2; not "3"`],
    [[good, '--as', 'all-exits', '--stages', '1', '-o', at('o')], 2, '--stages goes with --as stages or oip; all-exits holds all stages'],
    [[at('text'), '--as', 'oip', '-o', at('o')], 3, `${at('text')}: no package: neither a zip nor a folder with a manifest.json`],
    [[broken, '--as', 'oip', '-o', at('o')], 3, /broken\.offramp.*stages\/1\.onnx.*: manifest\.json says sha256 0{64}, the file has [0-9a-f]{64}$/],
    [[deep, '--as', 'if-onnx', '-o', at('o')], 3, `${deep}: 31 exits; at most 30 If nodes stand within each other in what ONNX readers take`],
  ];
  const before = readdirSync(folder).sort();
  for (const [args, code, message] of cases) {
    const { code: seen, out, err } = await offramp('export', ...args);
    assert.deepEqual([seen, out], [code, ''], err);
    const text = err.trimEnd().replace('offramp: error: ', '');
    if (typeof message === 'string') assert.equal(text, message);
    else assert.match(text, message);
  }
  assert.deepEqual(readdirSync(folder).sort(), before);
});
