// Output files appear whole or not at all.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkWritable, writeAtomically } from 'offramp/output_file';
import { temporaryFolder } from './command.js';

const folder = temporaryFolder();

test('a new file, then the same file again', () => {
  const path = join(folder, 'a');
  checkWritable(path);
  assert.deepEqual(readdirSync(folder), []);
  writeAtomically(path, [Buffer.from('one')]);
  writeAtomically(path, [Buffer.from('two')]);
  assert.equal(readFileSync(path, 'utf8'), 'two');
  assert.deepEqual(readdirSync(folder), ['a']);
});

test('places that cannot be written', () => {
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'file'), '');
  const cases = [
    [join(folder, 'none', 'a'), `the folder ${join(folder, 'none')} does not exist`], [join(folder, 'folder'), 'it is a folder; name a file'],
    [join(folder, 'file', 'a'), 'part of the path is no folder'], [`${folder}/x/`, 'it is a folder; name a file'],
  ] as const;
  const before = readdirSync(folder);
  for (const [path, reason] of cases) {
    assert.throws(() => checkWritable(path), { code: 'invalid_argument', message: `cannot write ${path}: ${reason}` });
  }
  assert.throws(() => writeAtomically(join(folder, 'none', 'a'), [Buffer.from('x')]), { code: 'invalid_argument' });
  assert.throws(() => writeAtomically(join(folder, 'folder'), [Buffer.from('x')]), { code: 'invalid_argument' });
  assert.deepEqual(readdirSync(folder), before);
});
