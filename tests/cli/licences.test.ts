// Every package that what we ship needs at run time stands in the list of licences.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

test('THIRD_PARTY_LICENSES.md lists every run-time package', () => {
  const list = readFileSync('THIRD_PARTY_LICENSES.md', 'utf8');
  for (const file of ['oip/package.json', 'wasm/package.json', 'node_cli/package.json', 'web/package.json']) {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const own = name === 'offramp' || name.startsWith('@offramp/');
      if (!own) assert.ok(list.includes(`\`${name}\``), `${name} of ${file}`);
    }
  }
});
