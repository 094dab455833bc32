// The published schema and the core agree: a real manifest passes both, and what the schema refuses the core refuses.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Engine, PackageFile } from '@offramp/engine';
import { OfframpError } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { fashionPackage } from './support/fashion_package.js';

const validate = new Ajv2020({ allErrors: true, strict: false }).compile(JSON.parse(readFileSync('docs/manifest.schema.json', 'utf8')) as object);

let engine: Engine;
let files: PackageFile[];
let manifest: Record<string, unknown>;
before(async () => {
  engine = await loadNodeEngine();
  ({ files } = await fashionPackage());
  manifest = JSON.parse(new TextDecoder().decode(files.find((file) => file.name === 'manifest.json')?.bytes)) as typeof manifest;
});

function coreAccepts(changed: unknown): boolean {
  const replaced = files.map((file) => (file.name === 'manifest.json' ? { ...file, bytes: new TextEncoder().encode(JSON.stringify(changed)) } : file));
  try {
    engine.createRuntime(replaced).dispose();
    return true;
  } catch (thrown) {
    assert.ok(thrown instanceof OfframpError && thrown.code === 'invalid_package', String(thrown));
    return false;
  }
}

function withGate(): typeof manifest {
  const changed = structuredClone(manifest) as { stages: { exit: Record<string, unknown> | null }[] };
  Object.assign(changed.stages[0]?.exit ?? {}, { score: 'gate', gate: [-1, 2.5, 0, 1e-3] });
  return changed as unknown as typeof manifest;
}

test('a manifest with a learned gate passes both, one with half of it neither', () => {
  assert.ok(validate(withGate()), JSON.stringify(validate.errors));
  assert.ok(coreAccepts(withGate()));
  for (const damage of [{ gate: undefined }, { score: 'margin' }, { gate: [1, 2, 3] }, { gate: [1, 2, 3, 2e9] }]) {
    const changed = withGate() as unknown as { stages: { exit: object }[] };
    Object.assign(changed.stages[0]?.exit ?? {}, damage);
    const read = JSON.parse(JSON.stringify(changed)) as unknown;
    assert.ok(!validate(read) && !coreAccepts(read), JSON.stringify(damage));
  }
});

test('a real manifest passes both', () => {
  assert.ok(validate(manifest), JSON.stringify(validate.errors));
  assert.ok(coreAccepts(manifest));
});

// Every member outside of the evidence, replaced by each of these or removed.
const replacements: unknown[] = [undefined, null, -1, 1e9, 0.5, 'x', [], {}, true];

function* places(value: unknown, path: (string | number)[] = []): Generator<(string | number)[]> {
  if (path[0] === 'evidence') return;
  if (path.length > 0) yield path;
  if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) yield* places(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}

test('what the schema refuses, the core refuses', () => {
  let refused = 0;
  for (const path of places(manifest)) {
    for (const replacement of replacements) {
      const changed = structuredClone(manifest);
      let holder = changed as Record<string | number, unknown>;
      for (const key of path.slice(0, -1)) holder = holder[key] as typeof holder;
      const last = path.at(-1) ?? '';
      if (replacement === undefined && Array.isArray(holder)) holder.splice(Number(last), 1);
      else if (replacement === undefined) delete holder[last];
      else holder[last] = replacement;
      if (validate(changed)) continue;
      refused++;
      assert.ok(!coreAccepts(changed), `${path.join('.')} = ${JSON.stringify(replacement)}: ${JSON.stringify(validate.errors?.[0])}`);
    }
  }
  assert.ok(refused > 100, `${refused} damaged manifests`);
});
