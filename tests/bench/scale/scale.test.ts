// The scale run on a network of one block a stage: the topology's costs, its answers, and the whole way.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Engine } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { checkout } from '../checkout.js';
import { bottleneckResnet, featureCount, resnet152, type Classifier } from './bottleneck_resnet.js';
import { writeOnnx } from './onnx_writer.js';
import { makeRows, networkInputs, preprocess } from './rows.js';
import { renderGoals, renderScale, summarise } from './table.js';
import type { Measured } from './augmentation.js';

const folder = mkdtempSync(join(tmpdir(), 'offramp-scale-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let engine: Engine;
before(async () => { engine = await loadNodeEngine(); });
after(() => engine.dispose());

const small = { ...resnet152, blocks: [1, 2], width: 8, side: 12 };

/** Multiply-accumulates of the topology, added up from the paper's figure of a block. */
function countMacs({ blocks, width, side, classes }: typeof resnet152): number {
  let macs = side * side * 3 * 9 * width;
  let [channels, area] = [width, side * side];
  blocks.forEach((count, stage) => {
    const inner = width << stage;
    for (let block = 0; block < count; block += 1) {
      const before = area;
      if (stage > 0 && block === 0) area /= 4;
      macs += before * channels * inner + area * inner * inner * 9 + area * inner * 4 * inner;
      if (block === 0) macs += area * channels * 4 * inner;
      channels = 4 * inner;
    }
  });
  return macs + channels * classes;
}

test('ResNet-152 at 32x32 has 3.72 GMACs, and the engine counts as many in a smaller one', () => {
  assert.equal((countMacs(resnet152) / 1e9).toFixed(2), '3.72');
  const zeros: Classifier = { weight: new Float32Array(10 * featureCount(small)), bias: new Float32Array(10) };
  const report = engine.inspect(writeOnnx(bottleneckResnet(small, 1, zeros)));
  assert.deepEqual(report.unsupported, []);
  assert.equal(report.macs, countMacs(small));
  assert.equal(report.opset, 13);
  assert.deepEqual(report.outputs.map(({ shape }) => shape), [['N', 10]]);
  assert.equal(report.exit_points.length, 4, 'after the stem and every block');
});

test('what is written is ONNX: another engine gives the same values', async () => {
  const bytes = writeOnnx(bottleneckResnet(small, 1));
  const { x } = makeRows(4, small.side, 5);
  const values = networkInputs(x, small.side);
  const dims = [4, 3, small.side, small.side];
  const session = engine.createSession(bytes);
  const [ours] = session.run([{ dtype: 'f32', dims, data: new Uint8Array(values.buffer) }]);
  session.dispose();
  const reference = await (await InferenceSession.create(bytes)).run({ input: new Tensor('float32', values, dims) });
  const theirs = reference['features']?.data as Float32Array;
  const bytesOurs = (ours as NonNullable<typeof ours>).data;
  const mine = new Float32Array(bytesOurs.buffer, bytesOurs.byteOffset, bytesOurs.byteLength / 4);
  assert.equal(mine.length, 4 * featureCount(small));
  const largest = Math.max(...theirs);
  mine.forEach((value, index) => assert.ok(Math.abs(value - (theirs[index] as number)) <= 1e-4 * largest));
});

test('rows: seeded, of ten kinds by turns, and prepared as the description says', () => {
  const { x, y } = makeRows(20, 8, 1);
  assert.deepEqual(makeRows(20, 8, 1), { x, y });
  assert.notDeepEqual(makeRows(20, 8, 2).x, x);
  assert.deepEqual([...y.subarray(8, 12)], [8, 9, 0, 1]);
  const inputs = networkInputs(x, 8);
  const [row, channel, pixel] = [3, 2, 17];
  assert.ok(Math.abs((inputs[(row * 3 + channel) * 64 + pixel] as number) - ((x[(row * 64 + pixel) * 3 + channel] as number) / 255 - 0.5) / 0.25) < 1e-6);
  assert.deepEqual(preprocess.map(({ op }) => op), ['scale', 'normalize', 'transpose']);
});

test('./run bench scale, small', { timeout: 300_000 }, async () => {
  const output = join(folder, 'out');
  const args = ['scale', '--rows', '200', '--threads', '1', '--blocks', '1,1', '--width', '4', '-o', output];
  const { code, out, err } = await new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [join(checkout, 'build/ts/tests/bench/main.js'), ...args], { env: { ...process.env, XDG_CACHE_HOME: join(folder, 'cache') } },
      (error, printed, said) => resolve({ code: error === null ? 0 : Number(error.code), out: printed, err: said }));
  });
  assert.equal(code, 0, err);
  assert.match(out, /^ResNet-8 at 32x32: 0\.00 GMACs, 0\.0 M parameters, 3 exit points\n120 train, 40 select and 40 test rows on 1 thread\n\nstep +time /);
  assert.ok(!out.includes('goal'), 'goals are of the whole run only');
  const measured = JSON.parse(readFileSync(join(output, 'scale.json'), 'utf8')) as Measured & { summary: ReturnType<typeof summarise> };
  assert.deepEqual(measured.summary, summarise(measured));
  assert.ok(measured.steps.some(({ name }) => name === 'extract') && measured.steps.at(-1)?.name === 'package');
  assert.ok(measured.summary.heapBytes >= 16e6 && measured.summary.peakBytes > measured.summary.heapBytes);
  assert.ok(measured.report.base.accuracy > 0.15, `${measured.report.base.accuracy}: the classifier has learnt something`);
  assert.match(renderScale(measured), /features at [\d.]+ GMAC\/s\nplan: \d exits/);
});

test('goals: time and memory of the whole run', () => {
  const step = { name: 'extract', seconds: 1799, peakBytes: 2.1e9, heapBytes: 1e9 };
  const measured = { request: { rows: { train: 3, select: 1, test: 1 } }, macs: 1, steps: [step] } as unknown as Measured;
  assert.match(renderGoals(measured), /^whole search +29 min 59 s +goal 30 min 0 s +met\nmemory +2100 MB +goal 2000 MB +missed$/);
});
