// Progress that the host keeps: what is written when, what is taken over, and what happens if that is of no use.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { augmentModel, type AugmentHost, type AugmentOutcome, type Json, type LinkFigures, type ProgressStore, type StepProgress } from '@offramp/engine';
import { failure } from './samples.js';
import { fakeData, fakeEngine, type FakeLog, type FakeOptions } from './fake_module.js';
import { MemoryStore } from './support/memory_store.js';

const data = { train: fakeData('train', 100), select: fakeData('select', 20, 100), test: fakeData('test', 70, 150) };

interface Run {
  log: FakeLog;
  resumed: [number, StepProgress | undefined][];
  problems: string[];
  outcome: Promise<unknown>;
}
function run(store: ProgressStore, host: AugmentHost = {}, options: FakeOptions = {}, targets?: Json): Run {
  const { engine, log } = fakeEngine(options);
  const resumed: Run['resumed'] = [];
  const problems: string[] = [];
  const kept = { store, onResume: (rows: number, step: StepProgress | undefined) => resumed.push([rows, step]), onProblem: (problem: string) => problems.push(problem) };
  return { log, resumed, problems, outcome: augmentModel(engine, new Uint8Array(0), data, { preprocess: [], targets }, { ...host, kept }) };
}

/** Runs until a phase is so far, and is cancelled then. */
async function leave(store: ProgressStore, at: string, from = 1, host: AugmentHost = {}, targets?: Json): Promise<Run> {
  const controller = new AbortController();
  const left = run(store, {
    ...host, signal: controller.signal,
    onProgress: ({ phase, done }) => { if (phase === at && done >= from) controller.abort(); },
  }, {}, targets);
  await assert.rejects(left.outcome, failure('cancelled', 'stopped before the end; nothing was written'));
  return left;
}

test('left among the rows: those so far are kept, and only the others are extracted', async () => {
  const store = new MemoryStore();
  const left = await leave(store, 'extract', 60);
  const extracted = left.log.added.reduce((sum, { rows }) => sum + rows, 0);
  assert.ok(extracted >= 60 && extracted < 190);
  assert.deepEqual([...store.files.keys()], ['rows-train-0', 'index.json']);
  const next = run(store);
  await next.outcome;
  assert.equal(next.log.recorded, extracted);
  assert.equal(next.log.added.reduce((sum, { rows }) => sum + rows, 0), 190);
  assert.deepEqual(next.resumed, [[extracted, undefined]]);
  assert.deepEqual(next.problems, []);
});

test('left in the search: it goes on at the same step, with all rows from records once they were kept', async () => {
  const store = new MemoryStore();
  await leave(store, 'extract', 60);
  await leave(store, 'train');
  assert.equal(store.text('search'), '3');
  const next = run(store);
  await next.outcome;
  assert.equal(next.log.recorded, 190);
  assert.deepEqual(next.resumed, [[190, { phase: 'train', done: 1, total: 3 }]]);
  assert.equal(next.log.steps, 5);
});

test('seconds of earlier goes are told', async () => {
  const store = new MemoryStore();
  await leave(store, 'train');
  const index = JSON.parse(store.text('index.json')) as { seconds: { extract: number; train: number } };
  assert.ok(index.seconds.train > 0);
  index.seconds = { extract: 1000, train: 2000 };
  store.put('index.json', JSON.stringify(index));
  const { report } = (await run(store).outcome) as { report: { search: { seconds: { extract: number; train: number } } } };
  assert.ok(report.search.seconds.extract >= 1000 && report.search.seconds.extract < 1100);
  assert.ok(report.search.seconds.train >= 2000 && report.search.seconds.train < 2100);
});

test('a link is measured once, whatever became of its server', async () => {
  const targets = { targets: [{ name: 'a' }, { name: 'b', url: 'http://fog:1' }], links: [{ speed: 'measured', encoding: 'u8' }] };
  const store = new MemoryStore();
  const told: LinkFigures[] = [];
  const onLink = (link: LinkFigures): void => void told.push(link);
  const answers = (url: string): Promise<Response> => Promise.resolve(new Response('{"name":"another"}', { status: url.endsWith('/infer') ? 404 : 200 }));
  const left = await leave(store, 'train', 1, { onLink, linkClient: { fetch: answers } }, targets);
  const next = run(store, { onLink, linkClient: { fetch: () => Promise.reject(new Error('nobody there')) } }, {}, targets);
  const { report } = (await next.outcome) as AugmentOutcome;
  assert.deepEqual(next.problems, []);
  const [first, second, ...others] = told;
  assert.ok(first !== undefined && others.length === 0);
  assert.deepEqual(second, first);
  const link = { encoding: 'u8', rtt_ns: first.rttNs, bytes_per_s: first.bytesPerS };
  for (const { log } of [left, next]) assert.deepEqual((log.options as { targets: Json }).targets, { ...targets, links: [link] });
  assert.deepEqual(report.measured_links, [{ from: 'a', to: 'b', url: 'http://fog:1', rtt_ns: first.rttNs, bytes_per_s: first.bytesPerS, back_bytes_per_s: null, models: [] }]);
});

test('a short search writes nothing', async () => {
  const store = new MemoryStore();
  await run(store).outcome;
  assert.equal(store.writes, 0);
});

test('rows of something else: said, removed, and recorded anew', async () => {
  const store = new MemoryStore();
  await leave(store, 'extract', 60);
  store.put('rows-train-0', 'other');
  const next = await leave(store, 'screen');
  assert.deepEqual(next.problems, ['kept progress cannot be gone on from (data train (train) > record of rows: it is of other rows); it begins anew']);
  assert.equal(next.log.recorded, 0);
  assert.deepEqual(next.resumed, []);
  assert.ok(store.files.has('search'));
});

test('a search of something else or damaged: the rows stay', async () => {
  const store = new MemoryStore();
  await leave(store, 'extract', 60);
  await leave(store, 'train');
  store.put('search', 'no number');
  const next = run(store);
  await next.outcome;
  assert.deepEqual(next.problems, ['the kept search cannot be gone on from (record of the search: damaged); it begins anew']);
  assert.deepEqual(next.resumed, [[190, undefined]]);
  assert.equal(store.text('search'), ''); // not met again, should the search fail on it
});

for (const [what, index] of [
  ['no JSON', '{'], ['another version', '{"offramp_progress": 2, "rows": [], "seconds": {"extract": 0, "train": 0}}'],
  ['an unknown part', '{"offramp_progress": 1, "rows": [{"part": "x", "first": 0, "count": 1}], "seconds": {"extract": 0, "train": 0}}'],
  ['half a row', '{"offramp_progress": 1, "rows": [{"part": "train", "first": 0, "count": 0.5}], "seconds": {"extract": 0, "train": 0}}'],
  ['a link without figures', '{"offramp_progress": 1, "rows": [], "seconds": {"extract": 0, "train": 0}, "links": [{"url": "x"}]}'],
  ['no seconds', '{"offramp_progress": 1, "rows": []}'],
] as const)
  test(`an index with ${what}`, async () => {
    const store = new MemoryStore();
    store.put('index.json', index);
    store.put('search', '3');
    const next = run(store);
    await next.outcome;
    assert.deepEqual(next.problems, ['kept progress cannot be gone on from (its index is damaged or of another version); it begins anew']);
    assert.equal(next.log.steps, 5);
    assert.equal(store.files.size, 0);
  });

test('records that are missing, or of more rows than there are', async () => {
  for (const count of [50, 5000]) {
    const store = new MemoryStore();
    store.put('index.json', JSON.stringify({ offramp_progress: 1, rows: [{ part: 'train', first: 0, count }], seconds: { extract: 0, train: 0 } }));
    const next = run(store);
    await next.outcome;
    assert.deepEqual(next.problems, ['kept progress cannot be gone on from (rows are missing); it begins anew']);
  }
});

test('a store that fails: said once, and the search goes on', async () => {
  const store = new MemoryStore();
  store.failing = true;
  const left = await leave(store, 'train');
  assert.deepEqual(left.problems, ['progress is not kept: the disk is full']);
  assert.equal(store.writes, 1);
});
