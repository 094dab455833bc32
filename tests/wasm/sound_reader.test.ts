// Folders of .wav files: every width of samples beside Python's own module, and how they are refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { dataLimits, toTypedArray } from '@offramp/engine';
import { bytesOf, failure, readFrom, text, wavFile } from './samples.js';

/** What a folder that holds the file twice gives of it. */
async function samplesOf(file: Uint8Array): Promise<number[]> {
  const { x } = await readFrom({ 'a/1.wav': file, 'b/1.wav': file }, undefined);
  return [...toTypedArray(x)].slice(0, x.dims[1] as number).map(Number);
}

test('integers of every width, beside Python\'s wave', async () => {
  for (const width of [1, 2, 3, 4]) {
    const script = `
import sys, wave
out = wave.open(sys.stdout.buffer, 'wb')
out.setnchannels(2); out.setsampwidth(${width}); out.setframerate(16000)
bias = 128 if ${width} == 1 else 0  # only bytes have no sign
values = [0, 1, -1, 2 ** (8 * ${width} - 1) - 1, -2 ** (8 * ${width} - 1), 77]
out.writeframes(b''.join((v + bias).to_bytes(${width}, 'little', signed=bias == 0) for v in values))
out.close()`;
    const { stdout, status, stderr } = spawnSync('python3', ['-c', script]);
    assert.equal(status, 0, String(stderr));
    const most = 2 ** (8 * width - 1);
    const expected = [[0, 1], [-1, most - 1], [-most, 77]].map(([left, right]) => Math.fround((((left as number) + (right as number)) / 2) / most));
    assert.deepEqual(await samplesOf(new Uint8Array(stdout)), expected, `${8 * width} bits`);
  }
});

test('floats, extra chunks of odd length, and the extensible form', async () => {
  assert.deepEqual(await samplesOf(wavFile({ code: 3, bits: 32 }, bytesOf(Float32Array.of(0.25, -1)))), [0.25, -1]);
  assert.deepEqual(await samplesOf(wavFile({ code: 3, bits: 64 }, bytesOf(Float64Array.of(0.5)), [...text('LIST'), 1, 0, 0, 0, 7, 0])), [0.5]);
  const extensible = wavFile({ bits: 16 }, bytesOf(Int16Array.of(16384)));
  const longer = Uint8Array.from([...extensible.subarray(0, 36), ...new Uint8Array(24), ...extensible.subarray(36)]);
  const view = new DataView(longer.buffer);
  view.setUint32(16, 40, true); // the format chunk's length
  view.setUint16(20, 0xfffe, true);
  view.setUint16(44, 1, true); // the form inside
  assert.deepEqual(await samplesOf(longer), [0.5]);
});

test('classes by folder; shorter sounds end in silence', async () => {
  const sound = (...values: number[]): Uint8Array => wavFile({ bits: 16 }, bytesOf(Int16Array.from(values)));
  const data = await readFrom({ 'yes/b.WAV': sound(16384, 16384, 16384), 'no/a.wav': sound(-16384), 'notes.txt': text('no') }, undefined);
  assert.deepEqual(data.labels, ['no', 'yes']);
  assert.deepEqual(data.x.dims, [2, 3]);
  assert.deepEqual([...toTypedArray(data.x)], [-0.5, 0, 0, 0.5, 0.5, 0.5]);
  assert.deepEqual([...data.y], [0, 1]);
});

const good = wavFile({ bits: 16 }, bytesOf(Int16Array.of(1, 2)));
const beside = { 'b/1.wav': good };
const data = (count: number): Uint8Array => new Uint8Array(count);
const refusals: [string, Uint8Array, string][] = [
  ['not a sound', text('hello, this is text'), 'not a .wav file: it does not begin as RIFF WAVE does'],
  ['cut short', good.slice(0, 46), 'cut short: "data" should have 4 bytes, 2 are there'],
  ['no samples', good.slice(0, 36), 'it holds no samples'],
  ['none in the chunk', wavFile({ bits: 16 }, data(0)), 'it holds no samples'],
  ['compressed', wavFile({ code: 2, bits: 4 }, data(2)), 'samples of format 2 are compressed; only integers (1) and floats (3) are read: convert it, for instance with ffmpeg'],
  ['odd width', wavFile({ bits: 12 }, data(2)), 'integer samples of 12 bits; 8, 16, 24, 32 are read'],
  ['no channels', wavFile({ bits: 16, channels: 0 }, data(2)), '0 channels; 1 to 64 are read'],
  ['no rate', wavFile({ bits: 16, rate: 0 }, data(2)), 'a rate of 0 samples a second'],
  ['half a sample', wavFile({ bits: 16 }, data(3)), '3 bytes of samples are no whole number of 2-byte steps'],
];
for (const [name, file, message] of refusals) {
  test(`refused: ${name}`, () => assert.rejects(readFrom({ 'a/1.wav': file, ...beside }, undefined), failure('invalid_data', `data folder > a/1.wav: ${message}`)));
}

test('refused: rates that differ, and more than the memory allowed', async () => {
  const fast = wavFile({ bits: 16, rate: 16_000 }, data(4));
  await assert.rejects(readFrom({ 'a/1.wav': fast, ...beside }, undefined),
    failure('invalid_data', 'data folder: b/1.wav has 8000 samples a second, a/1.wav has 16000; all sounds must have one rate'));
  await assert.rejects(readFrom({ 'a/1.wav': good, ...beside }, undefined, { limits: { ...dataLimits, totalBytes: 12 } }),
    failure('limit_exceeded', 'data folder: 2 sounds of 2 samples (a/1.wav) need 16 bytes; at most 12 are read'));
});
