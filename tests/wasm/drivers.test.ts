// The drivers of augmenting and evaluating, on a module that computes nothing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Augmentation, augmentModel, augmentPlans, evaluateModel, measureLatency, type Progress } from '@offramp/engine';
import { failure } from './samples.js';
import { fakeData, fakeEngine } from './fake_module.js';

const model = new Uint8Array(0);
const data = { train: fakeData('train', 100), select: fakeData('select', 20, 100), test: fakeData('test', 70, 150) };

test('every row of every part is added once and in order, then steps run to the end', async () => {
  const { engine, log } = fakeEngine();
  const seen: Progress[] = [];
  const { report } = await augmentModel(engine, model, data, { maxDropPp: 2, preprocess: [], labels: ['a', 'b'] }, { onProgress: (progress) => seen.push(progress) });
  const next = { train: 0, select: 100, test: 150 };
  for (const { part, rows, first } of log.added) {
    assert.equal(first, next[part as keyof typeof next]);
    assert.ok(rows >= 1 && rows <= 64);
    next[part as keyof typeof next] += rows;
  }
  assert.deepEqual(next, { train: 100, select: 120, test: 220 });
  assert.deepEqual(log.options, { max_drop_pp: 2, preprocess: [], labels: ['a', 'b'] });
  assert.deepEqual([...new Set(seen.map(({ phase }) => phase))], ['extract', 'screen', 'train', 'search', 'measure']);
  assert.ok(seen.every(({ fraction }, index) => fraction >= (seen[index - 1]?.fraction ?? 0)));
  assert.equal(seen.at(-1)?.fraction, 1);
  assert.equal(engine.liveHandles, 0);
  assert.equal(log.deleted, 2); // augmenter and evaluator
  assert.ok(report.search.seconds.train > 0 && report.search.seconds.search > 0);
});

test('times go to the plan that was packaged, in the report and in the evidence', async () => {
  for (const packaged of ['plan', 'paper_method'] as const) {
    const { engine, log } = fakeEngine({ packaged });
    const { report } = await augmentModel(engine, model, data, { preprocess: [] });
    const other = packaged === 'plan' ? 'paper_method' : 'plan';
    assert.equal(typeof report[packaged]?.mean_latency_ns, 'number');
    assert.equal(report[other]?.mean_latency_ns, null);
    assert.ok((report.base.mean_latency_ns ?? 0) >= 20_000);
    const evidence = log.evidence as Record<string, unknown>;
    assert.deepEqual(Object.keys(evidence).sort(), ['base', packaged, 'remarks', 'search'].sort());
  }
});

test('cancelling stops between pieces and frees everything', async () => {
  const { engine, log } = fakeEngine({ stepMilliseconds: 90 });
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 30);
  await assert.rejects(augmentModel(engine, model, data, { preprocess: [] }, { signal: controller.signal }),
    failure('cancelled', 'stopped before the end; nothing was written'));
  assert.ok(log.steps <= 2, `${log.steps} steps`);
  assert.equal(engine.liveHandles, 0);
});

test('timers get their turn at least every 100 ms', async () => {
  const { engine } = fakeEngine({ stepMilliseconds: 45 });
  let last = performance.now();
  let longest = 0;
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await augmentModel(engine, model, data, { preprocess: [] });
  clearInterval(timer);
  assert.ok(longest > 0 && longest < 1000, `${longest} ms`); // loose: the machine may be busy
});

test('errors of the core keep code and context, and nothing leaks', async () => {
  const { engine } = fakeEngine({ failStep: true });
  await assert.rejects(augmentModel(engine, model, data, { preprocess: [] }), failure('infeasible', 'search: no plan'));
  assert.equal(engine.liveHandles, 0);
});

test('one class, and labels that the model does not have', async () => {
  const { engine } = fakeEngine();
  const same = { ...data.train, y: new Int32Array(100).fill(4) };
  await assert.rejects(augmentModel(engine, model, { ...data, train: same }, { preprocess: [] }),
    failure('invalid_data', 'data train: all 100 rows have label 4; rows of at least two classes are needed'));
  await assert.rejects(augmentModel(engine, model, data, { preprocess: [] }, { classes: 1 }),
    failure('invalid_data', 'data train: row 1: label 1, but the model has 1 classes (0 to 0)'));
});

test('evaluating warms up, takes turns, and hands over few rows at once', async () => {
  const { engine, log } = fakeEngine();
  const report = await evaluateModel(engine, { package: [] }, fakeData('test', 300));
  assert.deepEqual(log.runs.slice(0, 5), ['set 256', 'base 0', 'staged 0', 'base 1', 'staged 1']);
  const measured = log.runs.slice(1 + 2 * 50);
  assert.deepEqual(measured.slice(0, 8), ['base 0', 'staged 0', 'staged 0', 'base 0', 'base 0', 'staged 0', 'staged 1', 'base 1']);
  assert.equal(measured.filter((run) => run.startsWith('staged')).length, 3 * 300);
  assert.deepEqual(log.runs.filter((run) => run.startsWith('set')), ['set 256', 'set 44']);
  assert.equal(report.latency_samples, 300);
  assert.ok(report.base_mean_latency_ns >= 20_000 && report.mean_latency_ns >= 0);
  assert.equal(log.deleted, 1);
});

test('a plain model gets the same keys, compared with itself', async () => {
  const { engine, log } = fakeEngine();
  const report = await evaluateModel(engine, { model, preprocess: [] }, fakeData('test', 10));
  assert.ok(!log.runs.some((run) => run.startsWith('staged')));
  assert.deepEqual([report.accuracy_change_pp, report.mean_macs, report.mean_macs_change_pct, report.exit_rates], [0, 5, 0, [1]]);
  assert.equal(report.mean_latency_ns, report.base_mean_latency_ns);
});

test('a disposed handle says so', () => {
  const { engine } = fakeEngine();
  const evaluator = engine.evaluatorFromPackage([]);
  evaluator.dispose();
  evaluator.dispose();
  assert.throws(() => evaluator.result(), failure('invalid_argument', 'Evaluator was disposed'));
});

test('timing a slow package ends with fewer rows, but never fewer than the least', async () => {
  const { engine, log } = fakeEngine();
  const shown: [number, number][] = [];
  const timed = (milliseconds: number): ReturnType<typeof measureLatency> =>
    measureLatency(engine, [], data.test, 'xnnpack', { most: 60, least: 3, milliseconds }, (done, total) => shown.push([done, total]));
  assert.equal((await timed(0)).latency_samples, 3);
  assert.deepEqual(shown.at(-1), [60, 60], 'progress ends at its end');
  const warmUp = 50;
  assert.equal(log.runs.filter((run) => !run.startsWith('set')).length, 2 * (warmUp + 3 * 3));
  assert.equal((await timed(60_000)).latency_samples, 60);
  assert.equal(engine.liveHandles, 0);
});

test('several plans from one training: rows are added once, each plan has its own search and package', async () => {
  const { engine, log } = fakeEngine();
  const outcomes = await augmentPlans(engine, model, data, { maxDropPp: 1, seed: 3, preprocess: [] }, [{ maxDropPp: 2 }, { method: 'paper' }]);
  assert.deepEqual(log.replans, [{ max_drop_pp: 2, seed: 3, preprocess: [] }, { max_drop_pp: 1, seed: 3, method: 'paper', preprocess: [] }]);
  assert.equal(log.added.reduce((sum, { rows }) => sum + rows, 0), 190);
  assert.equal(outcomes.length, 3);
  const [first, ...others] = outcomes.map(({ report }) => report.search.seconds);
  for (const other of others) assert.deepEqual([other.extract, other.train], [first?.extract, first?.train]);
  assert.equal(log.deleted, 1 + 3);
});

test('a search that is kept tells of plans of its front without measuring them, and packages the one that is picked', async () => {
  const { engine, log } = fakeEngine();
  const augmentation = await Augmentation.run(engine, model, data, { preprocess: [] });
  const runs = log.runs.length;
  const looked = await augmentation.look(4);
  assert.equal(log.runs.length, runs, 'nothing was run');
  assert.equal(looked.plan.mean_latency_ns, null);
  const picked = await augmentation.pick(2);
  assert.deepEqual(log.picks, [4, 2]);
  assert.ok((picked.report.plan.mean_latency_ns ?? 0) > 0 && log.runs.length > runs);
  assert.deepEqual(picked.report.remarks, augmentation.outcome.report.remarks);
  assert.equal(picked.report.search.seconds.train, augmentation.outcome.report.search.seconds.train);
  assert.equal(log.added.reduce((sum, { rows }) => sum + rows, 0), 190);
  augmentation.dispose();
  assert.equal(engine.liveHandles, 0);
});

test('a search that fails leaves nothing behind', async () => {
  const { engine } = fakeEngine({ failStep: true });
  await assert.rejects(Augmentation.run(engine, model, data, { preprocess: [] }), failure('infeasible', 'search: no plan'));
  assert.equal(engine.liveHandles, 0);
});
