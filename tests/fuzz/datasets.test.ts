// Damaged datasets and package zips: whatever the bytes, the readers return or throw a typed error. Seeded, for as many
// seconds as OFFRAMP_FUZZ_SECONDS says. A finding is written to build/fuzz_findings and belongs into regressions/datasets.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { encode } from 'fast-png';
import { gzipSync, zipSync } from 'fflate';
import { bytesOf, idxFile, npyFile, text, wavFile } from '../wasm/samples.js';
import { fromJson, outcomeOf, toJson, type DatasetCase } from './dataset_case.js';

const seconds = Number(process.env['OFFRAMP_FUZZ_SECONDS'] ?? '10');
const regressions = 'tests/fuzz/regressions/datasets';
const findings = 'build/fuzz_findings';

const x = npyFile('<f4', [3, 2], bytesOf(Float32Array.of(1, 2, 3, 4, 5, 6)));
const y = npyFile('<i8', [3], bytesOf(BigInt64Array.of(0n, 1n, 0n)));
const groups = npyFile('|u1', [3], Uint8Array.of(7, 7, 9));
const images = idxFile(8, [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]);
const labels = idxFile(8, [2], [3, 9]);
const picture = (channels: 1 | 3 | 4): Uint8Array => encode({ width: 3, height: 2, channels, depth: 8, data: Uint8Array.from({ length: 6 * channels }, (_, i) => 9 * i) });
const description = {
  offramp_dataset: 1, x: 'x.npy', y: 'y.npy', groups: 'g.npy', labels: ['a', 'b'],
  preprocess: [{ op: 'scale', by: 0.5 }, { op: 'normalize', mean: [0.1, 0.2], std: [1, 2], axis: 1 }, { op: 'reshape', shape: [-1, 1, 2] }],
};

const seeds: DatasetCase[] = [
  { entry: 'a.npz', files: { 'a.npz': zipSync({ 'x.npy': x, 'y.npy': y, 'groups.npy': groups }) } },
  { entry: 'a.npz', files: { 'a.npz': zipSync({ 'x.npy': x, 'y.npy': y }, { level: 0 }) } },
  { entry: 'a-images-idx3-ubyte', files: { 'a-images-idx3-ubyte': images, 'a-labels-idx1-ubyte': labels } },
  { entry: 'a-images-idx3-ubyte.gz', files: { 'a-images-idx3-ubyte.gz': gzipSync(images), 'a-labels-idx1-ubyte.gz': gzipSync(labels) } },
  { entry: 'a.csv', files: { 'a.csv': text('a,label,"b ""x""",group\r\n1,cat,2.5,p1\r\n-3e1,"dog",.5,p2\r\n4,cat,1,p1\r\n') } },
  { entry: 'folder', files: { 'cat/1.png': picture(1), 'dog/2.png': picture(1) } },
  { entry: 'folder', files: { 'cat/1.png': picture(3), 'dog/2.png': picture(4) } },
  { entry: 'folder', files: { 'yes/1.wav': wavFile({ bits: 16, channels: 2 }, x), 'no/1.wav': wavFile({ bits: 24 }, x.subarray(0, 30)) } },
  { entry: 'd.json', files: { 'd.json': text(JSON.stringify(description)), 'x.npy': x, 'y.npy': y, 'g.npy': groups } },
  { entry: 'package', files: { package: zipSync({ 'manifest.json': text('{"offramp_package": 1}'), 'stages/0.onnx': x }) } },
];

/** Mulberry32: whole numbers below `limit`. */
function randomNumbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

function damage(bytes: Uint8Array, below: (limit: number) => number): Uint8Array {
  const values = [...bytes];
  const at = below(values.length + 1);
  const count = 1 + below(8);
  switch (below(6)) {
    case 0: if (at < values.length) values[at] = (values[at] ?? 0) ^ (1 << below(8)); break;
    case 1: if (at < values.length) values[at] = below(256); break;
    case 2: values.splice(at, 0, ...Array.from({ length: count }, () => below(256))); break;
    case 3: values.splice(at, count); break;
    case 4: values.splice(below(values.length + 1), 0, ...values.slice(at, at + 8 * count)); break;
    default: for (let i = at; i < Math.min(values.length, at + count); ++i) values[i] = 255;
  }
  return Uint8Array.from(values);
}

function damaged(seed: DatasetCase, below: (limit: number) => number): DatasetCase {
  const files = { ...seed.files };
  const names = Object.keys(files);
  for (let times = 1 + below(3); times > 0; --times) {
    const name = names[below(names.length)] ?? '';
    files[name] = damage(files[name] ?? new Uint8Array(), below);
  }
  return { entry: seed.entry, files };
}

for (const [number, seed] of seeds.entries()) {
  test(`damaged ${Object.keys(seed.files).join(', ')}`, async () => {
    assert.equal(await outcomeOf(seed), 'read');
    const below = randomNumbers(number);
    const outcomes = new Map<string, number>();
    const end = performance.now() + (1000 * seconds) / seeds.length;
    do {
      const input = damaged(seed, below);
      try {
        const outcome = await outcomeOf(input);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      } catch (thrown) {
        mkdirSync(findings, { recursive: true });
        const path = join(findings, `datasets_${number}.json`);
        writeFileSync(path, toJson(input));
        throw new Error(`${path}: an error without a type`, { cause: thrown });
      }
    } while (performance.now() < end);
    assert.ok(outcomes.has('invalid_data') || outcomes.has('invalid_package'), JSON.stringify([...outcomes]));
  });
}

if (existsSync(regressions)) {
  for (const name of readdirSync(regressions).sort()) {
    test(`finding ${name}`, async () => {
      await outcomeOf(fromJson(readFileSync(join(regressions, name), 'utf8')));
    });
  }
}
