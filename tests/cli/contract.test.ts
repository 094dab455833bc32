// The whole way on small data: every command, its JSON against the schema, its text, and the same seed twice.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { Ajv } from 'ajv';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import { unzipPackage } from '@offramp/engine';
import { checkout, exampleModel, offramp, squares, temporaryFolder, writeSquares } from './command.js';
import { encodeNpy } from './npy_writer.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const train = writeSquares(at('train.npz'), 200, 1);
const select = writeSquares(at('select.npz'), 100, 2);
const held = writeSquares(at('test.npz'), 100, 3);
const augmentArguments = ['augment', exampleModel, '--data', train, '--select', select, '--test', held, '--epochs', '2', '--max-drop', '20'];

const schemas = new Ajv({ allowUnionTypes: true });
for (const name of ['plan', 'augment', 'evaluate', 'inspect', 'run', 'bench', 'error']) {
  schemas.addSchema(JSON.parse(readFileSync(join(checkout, `tests/cli/schemas/${name}.json`), 'utf8')) as object);
}
function checked(schema: string, text: string): Record<string, unknown> {
  const value = JSON.parse(text) as Record<string, unknown>;
  const validate = schemas.getSchema(`${schema}.json`);
  assert.ok(validate?.(value), JSON.stringify(validate?.errors, null, 1));
  return value;
}

async function succeed(...args: string[]): Promise<{ out: string; err: string }> {
  const { code, out, err } = await offramp(...args);
  assert.equal(code, 0, err);
  return { out, err };
}

let augmented: { out: string; err: string };
before(async () => {
  augmented = await succeed(...augmentArguments, '-o', at('a.offramp'), '--json');
  for (const { name, bytes } of unzipPackage(readFileSync(at('a.offramp')))) {
    mkdirSync(dirname(at(`unpacked/${name}`)), { recursive: true });
    writeFileSync(at(`unpacked/${name}`), bytes);
  }
});

test('inspect', async () => {
  const report = checked('inspect', (await succeed('inspect', exampleModel, '--json')).out);
  assert.deepEqual(report['unsupported'], []);
  const { out } = await succeed('inspect', exampleModel);
  assert.match(out, /^MACs +\d/m);
  assert.match(out, /places for exits\n *# +after/);
});

test('inspect: a model that cannot run is shown with every reason, and refused by name elsewhere', async () => {
  const odd = at('odd.onnx');
  writeFileSync(odd, Buffer.from(readFileSync(exampleModel).toString('latin1').replaceAll('Relu', 'Zelu'), 'latin1'));
  const report = checked('inspect', (await succeed('inspect', odd, '--json')).out) as { unsupported: string[]; operators: Record<string, number> };
  assert.equal(report.unsupported.length, report.operators['Zelu']);
  for (const part of report.unsupported) assert.match(part, /^node .+ \(Zelu\): operator Zelu has no kernel$/);
  const { out } = await succeed('inspect', odd);
  assert.equal(out.match(/operator Zelu has no kernel$/gm)?.length, report.unsupported.length);
  const refused = await offramp('augment', odd, '--data', train, '-o', at('odd.offramp'));
  assert.equal(refused.code, 3);
  assert.ok(refused.err.includes(`cannot run ${report.unsupported[0]}; ${report.unsupported[1]}`), refused.err);
});

test('augment: JSON, remarks on standard error, and one file', () => {
  const report = checked('augment', augmented.out);
  assert.deepEqual(report['rows'], { train: 200, select: 100, certify: 0, test: 100 });
  assert.match(augmented.err, /train\.npz brings no preprocessing; assumed: bytes are pixels, scaled to 0\.\.1; samples \[28, 28\] are reshaped to \[1, 28, 28\]\n/);
  assert.match(augmented.err, /wrote .*a\.offramp \(\d+ bytes\)\n$/);
  assert.deepEqual(readdirSync(folder).filter((name) => name.includes('tmp')), []);
});

test('augment: text, and the same seed gives the same stages', async () => {
  const { out } = await succeed(...augmentArguments, '-o', at('b.offramp'));
  assert.match(out, /^ +base +early exit +paper's method\naccuracy +[\d.]+ % +[\d.]+ % +[\d.]+ %\n/);
  assert.match(out, /\nexits\n/);
  assert.match(out, /measured on 100 test rows that no step had seen; heads trained on 200, thresholds chosen on 100/);
  const stages = (path: string): unknown => unzipPackage(readFileSync(path)).filter(({ name }) => name !== 'manifest.json').map(({ name, bytes }) => [name, Buffer.from(bytes).toString('base64')]);
  assert.deepEqual(stages(at('b.offramp')), stages(at('a.offramp')));
});

test('augment: limits by class and of accuracy; one that nothing meets is exit code 4, and nothing is written', async () => {
  const limits = ['--max-class-drop', '50', '--min-accuracy', '0', '--max-exits', '3', '--rule', 'weighted', '--cost-weight', '0.5'];
  const { out } = await succeed(...augmentArguments, ...limits, '-o', at('limits.offramp'), '--json');
  const { search } = checked('augment', out) as { search: Record<string, unknown> };
  const { rule, cost_weight, max_class_drop_pp, min_accuracy, max_drop_pp } = search;
  assert.deepEqual({ rule, cost_weight, max_class_drop_pp, min_accuracy, max_drop_pp },
    { rule: 'weighted', cost_weight: 0.5, max_class_drop_pp: 50, min_accuracy: 0, max_drop_pp: undefined });
  const { code, err } = await offramp(...augmentArguments, '--min-accuracy', '100', '-o', at('none.offramp'));
  assert.equal(code, 4, err);
  assert.match(err, /no plan reaches accuracy 1: the model itself has 0\.\d+/);
  assert.ok(!existsSync(at('none.offramp')));
});

test('evaluate: a model, a package and its unpacked folder agree', async () => {
  const [model, zip, unpacked] = await Promise.all([[exampleModel], [at('a.offramp')], [at('unpacked')]].map(async ([subject]) =>
    checked('evaluate', (await succeed('evaluate', subject as string, '--data', held, '--json')).out)));
  assert.equal(zip?.['samples'], 100);
  assert.equal(model?.['accuracy'], zip?.['base_accuracy']);
  for (const key of ['accuracy', 'base_accuracy', 'mean_macs', 'exit_rates', 'harm_pp']) assert.deepEqual(unpacked?.[key], zip?.[key]);
  const plan = (JSON.parse(augmented.out) as { plan: { accuracy: number; mean_macs: number; harm_pp: number } }).plan;
  assert.equal(zip?.['accuracy'], plan.accuracy);
  const [harmed, mended] = [zip?.['harmed'] as number, zip?.['mended'] as number];
  assert.ok(Math.abs(harmed - plan.harm_pp) < 1e-9, 'of 100 rows');
  assert.ok(Math.abs(mended - harmed - (zip?.['accuracy_change_pp'] as number)) < 1e-9);
  assert.ok(Math.abs((zip?.['mean_macs'] as number) / plan.mean_macs - 1) < 1e-9, 'executed MACs are the planned ones');
});

test('augment --certify: the certificate in JSON, text and report, or why there is none', async () => {
  const certify = writeSquares(at('certify.npz'), 320, 9);
  const few = writeSquares(at('few.npz'), 40, 9);
  type Certified = { rows: Record<string, number>; remarks: string[]; plan: { exits: unknown[]; certificate: Record<string, unknown> | null }; search: { certify: Record<string, unknown> } };
  const given = checked('augment', (await succeed(...augmentArguments, '--certify', '20', '--confidence', '90', '--certify-data', certify, '-o', at('c.offramp'), '--json')).out) as Certified;
  assert.equal(given.rows['certify'], 320);
  const { certificate } = given.plan;
  if (certificate === null) {
    assert.deepEqual(given.plan.exits, []);
    assert.ok(given.remarks.includes(String(given.search.certify['plain'])));
  } else {
    assert.equal(certificate['alpha'], 0.2);
    assert.ok(Math.abs(Number(certificate['delta']) - 0.1) < 1e-12);
    assert.equal(certificate['rows'], 320);
    assert.ok(Number(certificate['p_value']) <= 0.1 && Number(certificate['risk']) < 0.2);
    assert.match(String(certificate['plain']), /^with 90 % confidence, early exits spoil an answer that the model alone gets right in at most 20 % of inputs/);
    await succeed('report', at('c.offramp'), '-o', at('c.html'));
    assert.match(readFileSync(at('c.html'), 'utf8'), /Certificate:<\/strong> with 90 % confidence/);
  }
  const short = await succeed(...augmentArguments, '--certify', '1', '--certify-data', few, '-o', at('c.offramp'), '--json');
  const none = checked('augment', short.out) as Certified;
  assert.equal(none.plan.certificate, null);
  assert.equal(none.search.certify['rows_needed'], 299);
  assert.match(short.err, /no certificate: 40 certify rows are too few to say with 95 % confidence .* at least 299 are needed/);
  assert.ok(none.remarks.some((remark) => remark.startsWith('no certificate: 40 certify rows')));
  for (const [more, message] of [
    [['--confidence', '90'], '--confidence and --certify-data go with --certify PP'],
    [['--certify', '1', '--method', 'paper'], "--certify: the paper's method has no certificate"],
    [['--certify', '80'], '--certify is a number from 0.01 to 50, not "80"'],
  ] as const) {
    const { code, err } = await offramp(...augmentArguments, ...more, '-o', at('c.offramp'));
    assert.equal(code, 2);
    assert.ok(err.includes(message), err);
  }
});

test('evaluate --stream: records in order, beside the exits alone', async () => {
  const records = at('records.npz');
  // Ten records; the same square stays for a while.
  const { x, y } = squares(200, 7);
  const order = Array.from({ length: 200 }, (_, row) => row).sort((a, b) => Math.floor(a / 100) - Math.floor(b / 100) || (y[a] ?? 0) - (y[b] ?? 0) || a - b);
  const sortedX = Uint8Array.from(order.flatMap((row) => [...x.subarray(row * 784, (row + 1) * 784)]));
  const groups = Uint8Array.from(order, (_, index) => Math.floor(index / 20));
  writeFileSync(records, zipSync({
    'x.npy': encodeNpy('|u1', [200, 28, 28], sortedX), 'y.npy': encodeNpy('|u1', [200], Uint8Array.from(order, (row) => y[row] ?? 0)),
    'groups.npy': encodeNpy('|u1', [200], groups),
  }));
  for (const rule of ['difference', 'patience']) {
    const { out } = await succeed('evaluate', at('a.offramp'), '--data', records, '--select', records, '--stream', rule, '--max-drop', '60', '--json');
    const { stream, accuracy, mean_macs: meanMacs } = checked('evaluate', out) as {
      accuracy: number; mean_macs: number;
      stream: { rule: string; rows: object; test: { mean_macs: number; harm_pp: number }; test_plain: { accuracy: number; mean_macs: number } };
    };
    assert.equal(stream.rule, rule);
    assert.deepEqual(stream.rows, { select: 200, test: 200 });
    // Without the rule the study finds what the package really does.
    assert.ok(Math.abs(stream.test_plain.accuracy - accuracy) < 1e-12);
    assert.ok(Math.abs(stream.test_plain.mean_macs - meanMacs) < 1e-6 * meanMacs);
    assert.ok(stream.test.mean_macs <= stream.test_plain.mean_macs * (1 + 1e-9));
    assert.ok(stream.test.harm_pp <= 60);
  }
  const { out } = await succeed('evaluate', at('a.offramp'), '--data', records, '--select', records, '--stream', 'difference', '--max-drop', '60');
  assert.match(out, /exits alone +with difference\n(.*\n)+answers repeated +0\.00 % +\d/);
  for (const [more, message] of [
    [['--stream', 'difference'], '--stream needs --select DATA: records that choose its thresholds'],
    [['--select', records], '--select and --max-drop go with --stream RULE'],
    [['--stream', 'hope', '--select', records], '--stream is difference or patience, not "hope"'],
  ] as const) {
    const { code, err } = await offramp('evaluate', at('a.offramp'), '--data', records, ...more);
    assert.equal(code, 2);
    assert.ok(err.includes(message), err);
  }
  const ungrouped = await offramp('evaluate', at('a.offramp'), '--data', held, '--select', held, '--stream', 'difference');
  assert.equal(ungrouped.code, 3);
  assert.match(ungrouped.err, /records are needed: name their numbers as "groups"/);
});

test('evaluate: text and --rows', async () => {
  const { out } = await succeed('evaluate', at('a.offramp'), '--data', held, '--rows', '30');
  assert.match(out, /^ +base +early exit +change\naccuracy/);
  assert.match(out, /measured on 30 rows\n$/);
});

test('run: .npy, --row, .json and .png of the same sample agree', async () => {
  const { x } = squares(100, 3);
  const sample = x.subarray(7 * 784, 8 * 784);
  writeFileSync(at('one.npy'), encodeNpy('|u1', [28, 28], sample));
  writeFileSync(at('many.npy'), encodeNpy('|u1', [100, 28, 28], x));
  writeFileSync(at('one.png'), encode({ width: 28, height: 28, channels: 1, depth: 8, data: sample }));
  writeFileSync(at('one.json'), JSON.stringify(Array.from({ length: 28 }, (_, line) => [...sample.subarray(line * 28, line * 28 + 28)])));
  const answers = await Promise.all([['one.npy'], ['many.npy', '--row', '7'], ['one.png'], ['one.json']].map(async ([name, ...more]) =>
    checked('run', (await succeed('run', at('a.offramp'), '--input', at(name as string), '--json', ...more)).out)));
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.match((await succeed('run', at('a.offramp'), '--input', at('one.png'))).out, /^class +\d+\nprobability +[\d.]+ %\nexit +\d/);
});

test('run: a wrong shape is bad data', async () => {
  writeFileSync(at('wrong.npy'), encodeNpy('|u1', [3], new Uint8Array(3)));
  const { code, err } = await offramp('run', at('a.offramp'), '--input', at('wrong.npy'));
  assert.equal(code, 3, err);
});

test('bench: an answer from every stage of a package, and the mean over the rows that its evidence counts', async () => {
  const report = checked('bench', (await succeed('bench', at('a.offramp'), '--runs', '5', '--json')).out);
  const answers = report['answers'] as { macs: number; median_ns: number }[];
  const { plan } = JSON.parse(augmented.out) as { plan: { exits: { exit_rate: number; macs: number }[] } };
  assert.deepEqual(answers.map(({ macs }) => macs), [...plan.exits.map(({ macs }) => macs), report['macs']], 'stages before the exit and no others have run');
  assert.equal(answers.at(-1)?.median_ns, report['median_ns']);
  const rates = plan.exits.map(({ exit_rate }) => exit_rate);
  const mean = answers.reduce((sum, { median_ns }, index) => sum + median_ns * (rates[index] ?? 1 - rates.reduce((a, b) => a + b, 0)), 0);
  assert.ok(Math.abs((report['mean_ns'] as number) - mean) <= 1, `${report['mean_ns']} is not ${mean}`);
  const { out } = await succeed('bench', at('unpacked'), '--runs', '5', '--profile');
  assert.match(out, /\nanswers, \S+, 1 thread\nfrom +MACs +median +p10 +p90 +rows leave\nexit 1 .*\n(exit 2 .*\n)?the whole model .* %\n\nmean over the package's test rows: [\d.]+ [mµ]s, [+-]?[\d.]+ % against all stages\n/);
  assert.match(out, /\nnode +stage +op +kernel +median +share +MACs +MAC\/s\n/);
});

test('report', async () => {
  await succeed('report', at('a.offramp'), '-o', at('r.html'));
  assert.match(readFileSync(at('r.html'), 'utf8'), /^<!doctype html>/i);
});

test('a damaged package is refused by name', async () => {
  const file = at('unpacked/stages/0.onnx');
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(1));
  const { code, err } = await offramp('evaluate', at('unpacked'), '--data', held);
  writeFileSync(file, bytes);
  assert.equal(code, 3);
  assert.match(err, /stages\/0\.onnx/);
});

test('real files of Fashion-MNIST', { skip: existsSync('/usr/share/datasets/fashion-mnist') ? false : 'Debian package dataset-fashion-mnist is not installed' }, async () => {
  const { out, err } = await succeed('evaluate', exampleModel, '--data', '/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz', '--rows', '1000', '--json');
  assert.match(err, /assumed: bytes are pixels/);
  assert.ok((checked('evaluate', out)['accuracy'] as number) > 0.85);
});
