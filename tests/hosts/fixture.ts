// A package, rows for it, and what this Node answers to them, as files and lines that every host is given and compared with.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Exited, PackageFile } from '@offramp/engine';
import { zipPackage } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { temporaryFolder } from '../cli/command.js';
import { encodeNpy } from '../cli/npy_writer.js';
import { stagedPackage } from '../serve/staged_package.js';
import { fashionRows } from '../wasm/support/fashion_mnist.js';

export const rowCount = 50;
export const sampleDims = [1, 28, 28];

export interface Answer {
  class: number;
  exit: number;
  score: number;
  probabilities: number[];
}

export interface Fixture {
  folder: string;
  files: PackageFile[];
  /** The package as a zip, and unpacked. */
  zip: string;
  unpacked: string;
  /** The rows as .npy f32 [rows, 1, 28, 28], and their elements alone. */
  npy: string;
  raw: string;
  rows: Uint8Array;
  expected: Answer[];
}

export function sampleOf(fixture: Fixture, row: number): Uint8Array {
  const bytes = fixture.rows.length / rowCount;
  return fixture.rows.slice(row * bytes, (row + 1) * bytes);
}

export async function makeFixture(): Promise<Fixture> {
  const folder = temporaryFolder();
  const engine = await loadNodeEngine();
  const files = await stagedPackage(engine);
  const { values, dims } = fashionRows('t10k', 0, rowCount);
  const fixture: Fixture = {
    folder, files, rows: new Uint8Array(values.buffer), expected: [],
    zip: join(folder, 'model.offramp'), unpacked: join(folder, 'model'), npy: join(folder, 'rows.npy'), raw: join(folder, 'rows.f32'),
  };
  const runtime = engine.createRuntime(files);
  for (let row = 0; row < rowCount; row += 1) fixture.expected.push(answerOf(runtime.run({ dtype: 'f32', dims: sampleDims, data: sampleOf(fixture, row) })));
  engine.dispose();
  writeFileSync(fixture.zip, zipPackage(files));
  for (const { name, bytes } of files) {
    mkdirSync(dirname(join(fixture.unpacked, name)), { recursive: true });
    writeFileSync(join(fixture.unpacked, name), bytes);
  }
  writeFileSync(fixture.npy, encodeNpy('<f4', dims, fixture.rows));
  writeFileSync(fixture.raw, fixture.rows);
  return fixture;
}

export function answerOf({ predictedClass, exit, score, probabilities }: Exited): Answer {
  return { class: predictedClass, exit, score, probabilities: [...probabilities] };
}

/** Lines of JSON as examples print them; hosts write f32 with as many digits as tell it apart. */
export function readAnswers(text: string): Answer[] {
  return text.trim().split('\n').map((line) => {
    const answer = JSON.parse(line) as Answer;
    return { class: answer.class, exit: answer.exit, score: Math.fround(answer.score), probabilities: answer.probabilities.map(Math.fround) };
  });
}
