// evaluate --offload and --encoding: each row's answer against the one that a single machine gives with the same rounding.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { zipSync } from 'fflate';
import { evaluateLink, evaluateRows, readPlan, type Dataset, type Encoding, type EvaluateReport, type LinkReport, type RawTensor } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { offramp, start, temporaryFolder } from '../cli/command.js';
import { encodeNpy } from '../cli/npy_writer.js';
import { fashionRows } from '../wasm/support/fashion_mnist.js';
import { failure } from '../wasm/samples.js';
import { faults, faultyProxy } from './faulty_proxy.js';
import { serving, writePackage } from './serving.js';
import { answeredHere, stagedPackage, withLink } from './staged_package.js';

const rows = 120;
const engine = await loadNodeEngine();
const files = await stagedPackage(engine);
const plan = readPlan(engine.createRuntime(files).manifest());
const { values, labels } = fashionRows('t10k', 1000, 1000 + rows);
const x: RawTensor = { dtype: 'f32', dims: [rows, 1, 28, 28], data: new Uint8Array(values.buffer) };
const data: Dataset = { name: 'rows', x, y: labels };
const { answers } = await evaluateRows(engine, { package: files }, data);
const here = answers.staged ?? [];
const elements = plan.stages[1]?.inputShape.reduce((product, size) => product * size, 1) ?? NaN;

function expected(encoding: Encoding): Pick<LinkReport, 'accuracy' | 'changed' | 'exit_rates' | 'cross_rate'> {
  const all = Array.from({ length: rows }, (_, row) => answeredHere(engine, files, row, encoding));
  const share = (of: (answer: (typeof all)[number], row: number) => boolean): number => all.filter(of).length / rows;
  return {
    accuracy: share(({ predictedClass }, row) => predictedClass === labels[row]), cross_rate: share(({ exit }) => exit > 0),
    changed: rows * share(({ predictedClass }, row) => predictedClass !== here[row]), exit_rates: [0, 1, 2].map((stage) => share(({ exit }) => exit === stage)),
  };
}

const bodyBytes: Record<Encoding, number> = { f32: 4 * elements, f16: 2 * elements, u8: elements + 8 };
for (const encoding of ['f32', 'f16', 'u8'] as const) {
  test(`a boundary as ${encoding}: rounded here, and sent to a server`, async () => {
    const { url } = await serving([writePackage(files), '--stages', '1..']);
    const rounded = await evaluateLink(engine, files, data, here, { encoding });
    const served = await evaluateLink(engine, files, data, here, { encoding, remote: { url } });
    const wanted = expected(encoding);
    assert.ok(wanted.cross_rate > 0.2 && wanted.cross_rate < 1, 'some rows cross, else this tests little');
    const ownRight = here.filter((predicted, row) => predicted === labels[row]).length;
    for (const report of [rounded, served]) {
      assert.deepEqual({ accuracy: report.accuracy, changed: Math.round(report.changed), cross_rate: report.cross_rate, exit_rates: report.exit_rates }, { ...wanted, changed: Math.round(wanted.changed) });
      assert.ok(Math.abs(report.accuracy_change_pp - 100 * (wanted.accuracy - ownRight / rows)) < 1e-9);
      assert.deepEqual([report.stage, report.encoding, report.samples, report.degraded, report.degraded_reasons], [1, encoding, rows, 0, {}]);
    }
    if (encoding === 'f32') assert.equal(rounded.changed, 0);
    assert.deepEqual([rounded.url, rounded.mean_latency_ns, rounded.latency_samples], [null, null, 0]);
    assert.equal(rounded.mean_bytes, bodyBytes[encoding]);
    assert.ok(served.mean_bytes > bodyBytes[encoding] && served.mean_bytes < bodyBytes[encoding] + 600);
    assert.ok(served.url === url && served.latency_samples === rows && (served.mean_latency_ns ?? 0) > 0);
  });
}

test('the package\'s own encoding, stage 0 behind the link, and a server that does not answer as it should', async () => {
  assert.equal((await evaluateLink(engine, withLink(files, 'f16'), data, here, {})).encoding, 'f16');
  const all = await evaluateLink(engine, files, data, here, { stage: 0 });
  assert.deepEqual([all.cross_rate, all.changed, all.mean_bytes], [1, 0, 4 * 784]);
  const proxy = await faultyProxy((await serving([writePackage(files), '--stages', '1..'])).url, () => 0.25);
  proxy.fault = faults['says 500'];
  await assert.rejects(evaluateLink(engine, files, data, here, { remote: { url: proxy.url } }), (thrown: Error) =>
    failure('remote', thrown.message)(thrown) && /^the server answers no row as it should: inference with "from_1": status 500: boom$/.test(thrown.message));
  await assert.rejects(evaluateLink(engine, files, data, here, { encoding: 'u8', remote: { url: proxy.url } }, { signal: AbortSignal.abort() }), { code: 'cancelled' });
});

test('the command: JSON by its schema, text, and what is refused', async () => {
  const folder = temporaryFolder();
  const dataPath = join(folder, 'rows.npz');
  writeFileSync(dataPath, zipSync({ 'x.npy': encodeNpy('<f4', [rows, 1, 28, 28], x.data), 'y.npy': encodeNpy('<i4', [rows], new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength)) }));
  const path = writePackage(files);
  const { url } = await serving([path, '--stages', '1..'], { OFFRAMP_TOKEN: 't' });
  const { code, out, err } = await start(['evaluate', path, '--data', dataPath, '--offload', url, '--encoding', 'u8', '--rows', '60', '--json'], { OFFRAMP_TOKEN: 't' }).ended;
  assert.equal(code, 0, err);
  const valid = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(readFileSync('tests/cli/schemas/evaluate.json', 'utf8')) as object);
  const report = JSON.parse(out) as EvaluateReport & { link: LinkReport };
  assert.ok(valid(report), JSON.stringify(valid.errors));
  assert.deepEqual([report.link.url, report.link.encoding, report.link.samples, report.link.degraded], [url, 'u8', 60, 0]);
  const text = await offramp('evaluate', path, '--data', dataPath, '--encoding', 'f16', '--rows', '60');
  assert.match(text.out, /^stages from 1 on behind a link, its rounding done here\n +one machine +over the link +change\naccuracy +[\d.]+ % +[\d.]+ % /m);
  assert.match(text.out, /^[\d.]+ % of the rows cross, [\d,]+ bytes each as f16; \d+ of 60 answers differ$/m);
  const wrong = await offramp('evaluate', path, '--data', dataPath, '--offload', url, '--rows', '60'); // no token
  assert.equal(wrong.code, 5, wrong.out);
  assert.match(wrong.err, /the server answers no row as it should: .*status 401/);
  for (const [args, message] of [
    [[path, '--deadline-ms', '5'], '--deadline-ms goes with --offload URL'],
    [[path, '--offload', 'fog'], '--offload is an address such as http://fog:8700, not "fog"'],
    [[path, '--encoding', 'u4'], '--encoding is f32 or f16 or u8, not "u4"'],
    [[path, '--encoding', 'u8', '--stream', 'patience', '--select', dataPath], '--stream is for a package on one machine; leave out --offload and --encoding'],
    [['examples/fashion_mnist/base.onnx', '--encoding', 'u8'], '--offload and --encoding are for packages: a model is not cut into stages'],
  ] as const) {
    const refused = await offramp('evaluate', ...args, '--data', dataPath);
    assert.equal(refused.code, 2, refused.err);
    assert.ok(refused.err.includes(`offramp: error: ${message}`), refused.err);
  }
});
