// The bundled examples: rows that are the same on every host, parts without common makers, and base models as good as the page says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { evaluateModel } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { loadExample, syntheticTasks } from '../../web/src/examples/load_example.js';
import { cosTurns, exp, log, sinTurns } from '../../web/src/examples/portable_math.js';
import { Random } from '../../web/src/examples/random.js';
import { makeRows, mostTrained, type SyntheticTask } from '../../web/src/examples/synthetic.js';

const names = ['whistles', 'heartbeats'] as const;
const folder = 'http://127.0.0.1:1/';
const golden = {
  whistles: '2b29d53a1f751bd277bf62245c22fe545a1db8923b450fdd4798cc8cb62166e3',
  heartbeats: '1592f076a31e85f7f0c59f088cdd9e0756510484932471ddac2e70b0ca9228df',
};

test('sine, exponential and logarithm are those of Math', () => {
  const random = new Random(1);
  for (let index = 0; index < 20_000; index += 1) {
    const x = random.between(-20, 20);
    assert.ok(Math.abs(sinTurns(x) - Math.sin(2 * Math.PI * x)) < 2e-9, `sin of ${x} turns`);
    assert.ok(Math.abs(cosTurns(x) - Math.cos(2 * Math.PI * x)) < 2e-9, `cos of ${x} turns`);
    assert.ok(Math.abs(exp(x) / Math.exp(x) - 1) < 1e-11, `exp ${x}`);
    assert.ok(Math.abs(log(Math.exp(x)) - x) < 1e-12, `log of e^${x}`);
  }
});

test('random numbers are spread evenly, and streams of a seed differ', () => {
  const random = new Random(7, 3);
  const draws = 100_000;
  const bins = new Array<number>(10).fill(0);
  let [sum, squares] = [0, 0];
  for (let index = 0; index < draws; index += 1) {
    const bin = random.below(bins.length);
    bins[bin] = (bins[bin] as number) + 1;
    const value = random.normal();
    sum += value;
    squares += value * value;
  }
  assert.ok(Math.max(...bins.map((count) => Math.abs(count - draws / 10))) < 500, bins.join(', '));
  assert.ok(Math.abs(sum / draws) < 0.02);
  assert.ok(Math.abs(squares / draws - 1) < 0.02);
  assert.notEqual(new Random(7, 3).unit(), new Random(7, 4).unit());
  assert.notEqual(new Random(7, 3).unit(), new Random(8, 3).unit());
});

for (const name of names) {
  const task = syntheticTasks[name] as SyntheticTask;

  test(`${name}: rows are the ones that the base model was trained on, to the bit`, async () => {
    const rows = await makeRows(task, 'train', { first: 0, count: 2, rows: task.rowsPerGroup });
    const hash = createHash('sha256').update(rows.x.data).update(new Uint8Array(rows.y.buffer)).digest('hex');
    assert.equal(hash, golden[name]);
  });

  test(`${name}: parts share no maker, select and test none with the base model's training, and every class is there`, async () => {
    let told = 0;
    const { data, select, test: rest } = await loadExample(name, { folder, onProgress: (done, total) => { told = done / total; } });
    assert.equal(told, 1);
    const makers = [data, select, rest].map(({ groups }) => new Set(groups));
    assert.equal(new Set(makers.flatMap((set) => [...set])).size, makers.reduce((sum, set) => sum + set.size, 0));
    assert.ok([...makers[0] as Set<number>].every((maker) => maker < mostTrained));
    assert.ok([...makers[1] as Set<number>, ...makers[2] as Set<number>].every((maker) => maker >= mostTrained));
    for (const set of [data, select, rest]) {
      const seen = task.labels.map((_, label) => set.y.filter((y) => y === label).length);
      assert.ok(Math.min(...seen) >= 10, `${set.name}: ${seen.join(', ')}`);
    }
  });

  test(`${name}: the base model is good and not perfect, so that easy and hard rows differ`, async () => {
    const engine = await loadNodeEngine();
    const { test: rows } = await loadExample(name, { folder });
    const { accuracy } = await evaluateModel(engine, { model: readFileSync(`examples/synthetic/${name}.onnx`), preprocess: rows.preprocess ?? [] }, rows);
    assert.ok(accuracy > 0.92 && accuracy < 0.985, `accuracy ${accuracy}`);
    engine.dispose();
  });
}

test('making rows stops when it is told to', async () => {
  const stop = new AbortController();
  await assert.rejects(loadExample('heartbeats', { folder, signal: stop.signal, onProgress: () => stop.abort() }), { code: 'cancelled' });
});

test('rows that are not beside the page are named', async () => {
  await assert.rejects(loadExample('fashion', { folder }), { code: 'invalid_data', message: /^\/fashion\/train\.json is not there: .* you are offline/ });
});
