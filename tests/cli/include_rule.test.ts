// The include table of docs/architecture.md holds: a core module includes only what its row allows, and only one place
// each sees protobuf, XNNPACK and Emscripten.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

interface Include {
  file: string;
  target: string;
}

function includesUnder(folder: string): Include[] {
  const includes: Include[] = [];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(h|cpp)$/.test(entry.name)) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    for (const match of readFileSync(file, 'utf8').matchAll(/^\s*#include\s+["<]([^">]+)[">]/gm))
      includes.push({ file, target: match[1] ?? '' });
  }
  return includes;
}

// | `module` | turns | into | may include | rows of the table.
function allowedModules(): Map<string, Set<string>> {
  const table = new Map<string, Set<string>>();
  for (const match of readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `(\w+)` \|[^|]*\|[^|]*\| ([^|]*) \|$/gm))
    table.set(match[1] ?? '', new Set((match[2] ?? '').split(/[ ,]+/).filter((name) => name !== '' && name !== '-')));
  return table;
}

const core = includesUnder('core');
const modules = allowedModules();

test('the table names every module', () => {
  const folders = readdirSync('core', { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  assert.deepEqual(folders.sort(), [...modules.keys()].sort());
});

test('core modules include only what the table allows', () => {
  const violations: string[] = [];
  for (const { file, target } of core) {
    const [, from, rest] = file.split('/');
    const to = target.split('/')[0] ?? '';
    if (rest === undefined || from === undefined || !modules.has(to) || to === from) continue; // the facade, or not a module of ours
    const isOutcomesHeader = from === 'search' && target === 'heads/outcomes.h';
    if (!modules.get(from)?.has(to) && !isOutcomesHeader) violations.push(`${file} includes ${target}`);
  }
  assert.deepEqual(violations, []);
  assert.ok(core.length > 100, 'the scan found the sources');
});

test('third-party interfaces stay where they belong', () => {
  const violations = core.filter(
    ({ file, target }) =>
      (/\.pb\.h$|^google\/protobuf/.test(target) && !file.startsWith('core/onnx/')) ||
      (/^(xnnpack|pthreadpool)/.test(target) && !file.startsWith('core/exec/xnnpack/')) ||
      /^emscripten/.test(target) ||
      (/^nlohmann/.test(target) && file !== 'core/base/json.h'),
  );
  assert.deepEqual(violations, []);
});

test('hosts include only the facade', () => {
  const coreHeader = /^(\w+)\//;
  const violations = includesUnder('wasm/bindings').filter(({ target }) => modules.has(coreHeader.exec(target)?.[1] ?? ''));
  assert.deepEqual(violations, []);
});
