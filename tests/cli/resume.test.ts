// A search that was killed, interrupted, or left by another command: the same command goes on, to the same package.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import { bottleneckResnet, featureCount } from '../bench/scale/bottleneck_resnet.js';
import { writeOnnx } from '../bench/scale/onnx_writer.js';
import { Random } from '../bench/scale/random.js';
import { offramp, start, temporaryFolder, type Ended } from './command.js';
import { encodeNpy } from './npy_writer.js';

const folder = temporaryFolder();
const rows = 600;
const side = 8;
const classes = 4;
const [model, data] = [join(folder, 'model.onnx'), join(folder, 'data.npz')];
{
  const shape = { blocks: [1, 1], width: 4, side, classes };
  const random = new Random(1);
  writeFileSync(model, writeOnnx(bottleneckResnet(shape, 1, { weight: random.normals(classes * featureCount(shape), 1), bias: new Float32Array(classes) })));
  // The class is a brightness, in noise.
  const x = Uint8Array.from({ length: rows * 3 * side * side }, (_, at) => 50 * (Math.floor(at / (3 * side * side)) % classes) + 60 * random.uniform());
  const y = Uint8Array.from({ length: rows }, (_, row) => row % classes);
  writeFileSync(data, zipSync({ 'x.npy': encodeNpy('|u1', [rows, 3, side, side], x), 'y.npy': encodeNpy('|u1', [rows], y) }));
}
const output = join(folder, 'out.offramp');
const progress = `${output}.progress`;
const command = (...more: string[]): string[] => ['augment', model, '--data', data, ...(more.includes('--epochs') ? [] : ['--epochs', '40']), '-o', output, ...more];

/** A package without what a clock has measured. */
function contents(path: string): Record<string, string> {
  const unmeasured = (key: string, value: unknown): unknown => (/latency|seconds/.test(key) ? undefined : value);
  return Object.fromEntries(Object.entries(unzipSync(readFileSync(path))).map(([name, bytes]) => {
    const text = Buffer.from(bytes).toString(name.endsWith('.json') ? 'utf8' : 'base64');
    return [name, name.endsWith('.json') ? JSON.stringify(JSON.parse(text, unmeasured)) : text];
  }));
}

/** Starts the command and ends it by the signal, so long after it has first said something. */
async function interrupt(signal: NodeJS.Signals, milliseconds: number, args = command()): Promise<Ended> {
  const { child, ended } = start(args);
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  child.kill(signal);
  return ended;
}

test('interrupted and killed by turns until it comes through: the package is that of a run that nothing interrupted', async () => {
  const whole = await offramp(...command());
  assert.equal(whole.code, 0, whole.err);
  assert.ok(!existsSync(progress));
  const expected = contents(output);
  rmSync(output);

  const wentOn: string[] = [];
  let go = 0;
  for (let result: Ended | undefined; result?.code !== 0; go += 1) {
    result = await interrupt(go % 2 === 0 ? 'SIGINT' : 'SIGKILL', 400 * 1.5 ** go);
    if (go % 2 === 0 && result.code !== 0) {
      assert.equal(result.code, 130, result.err);
      assert.match(result.err, new RegExp(`offramp: cancelled(; the same command goes on from ${progress})?\n$`));
    }
    const message = new RegExp(`offramp: going on from ${progress}: features of \\d+ of ${rows} rows(, (all heads|[a-z]+ \\d+/\\d+))? \\(--fresh begins anew\\)\n`).exec(result.err);
    if (message !== null) wentOn.push(message[1] ?? 'rows');
    else assert.doesNotMatch(result.err, /going on/);
    assert.equal(existsSync(output), result.code === 0);
  }
  assert.ok(go >= 3 && wentOn.some((step) => step.startsWith(', ')), `${go}: ${wentOn.join()}`);
  assert.deepEqual(contents(output), expected);
  assert.deepEqual(readdirSync(folder).sort(), ['data.npz', 'model.onnx', 'out.offramp']);
});

test('what another command has left is said and replaced, or with --fresh not looked at', async () => {
  const leave = async (): Promise<void> => {
    for (let wait = 1000; !existsSync(progress); wait += 500) {
      const result = await interrupt('SIGTERM', wait, command('--seed', '5', '--epochs', '500'));
      assert.equal(result.code, 143, result.err);
    }
  };
  await leave();
  const others = await offramp(...command('--seed', '6', '--epochs', '2'));
  assert.equal(others.code, 0, others.err);
  assert.match(others.err, /out\.offramp\.progress: (kept progress|the kept search) cannot be gone on from \(.*it is of other (rows|options); begin without it\); it begins anew\n/);
  assert.ok(!existsSync(progress));

  await leave();
  const fresh = await offramp(...command('--seed', '5', '--epochs', '2', '--fresh'));
  assert.equal(fresh.code, 0, fresh.err);
  assert.doesNotMatch(fresh.err, /progress/);
  assert.ok(!existsSync(progress));
});

test('a damaged index, and files that are not ours', async () => {
  mkdirSync(progress);
  writeFileSync(join(progress, 'index.json'), '{"offramp_progress": 1, "rows": [{"part": "train", "first": -1}]}');
  writeFileSync(join(progress, 'notes.txt'), 'mine');
  const result = await offramp(...command('--epochs', '2'));
  assert.equal(result.code, 0, result.err);
  assert.match(result.err, /offramp: \S*out\.offramp\.progress: kept progress cannot be gone on from \(its index is damaged or of another version\); it begins anew\n/);
  assert.deepEqual(readdirSync(progress), ['notes.txt']);
  rmSync(progress, { recursive: true });
});

test('no folder can be made: one warning, and the search goes on without', async () => {
  writeFileSync(progress, 'a file');
  const result = await offramp(...command('--epochs', '2'));
  assert.equal(result.code, 0, result.err);
  const warnings = result.err.split('\n').filter((line) => line.includes('progress'));
  assert.deepEqual(warnings, [`offramp: ${progress}: progress is not kept: cannot read ${join(progress, 'index.json')}: part of the path is no folder`]);
  assert.equal(readFileSync(progress, 'utf8'), 'a file');
  rmSync(progress);
});
