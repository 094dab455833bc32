// The whole of Offramp in one wasm file stays small, and asks its host for nothing odd.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';

const wasm = readFileSync('wasm/dist/offramp.wasm');
const glue = readFileSync('wasm/dist/offramp.mjs', 'utf8');

test('at most 1.5 MB raw and 500 KB with brotli', () => {
  assert.ok(wasm.length <= 1_500_000, `${wasm.length} bytes`);
  const packed = brotliCompressSync(wasm).length;
  assert.ok(packed <= 500_000, `${packed} bytes with brotli`);
});

test('works under a strict content security policy: no eval, no Function', () => {
  assert.doesNotMatch(glue, /\beval\(|new Function\(/);
});

test('does not ask how many cores there are: XNNPACK would choose slower kernels', () => {
  assert.doesNotMatch(glue, /hardwareConcurrency/);
});
