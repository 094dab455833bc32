// The batcher on workers that compute nothing: what runs together, what is bounded, and what becomes of a worker that ends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JobResult, ServedModel } from '@offramp/engine/serving';
import { Batcher, type BatchSettings } from 'offramp/serve/batcher';

const never = new AbortController().signal;
const model = (stage: number, continues = false): ServedModel => ({ name: '', stage, continues, encoding: 'f32', input: '', metadata: {} });

interface Started {
  batcher: Batcher;
  batches: number[];
  lost: string[];
  /** `count` rows of one byte each. */
  ask(count: number, value: number, options?: { stage?: number; deadlineMs?: number; signal?: AbortSignal }): Promise<number[] | string>;
}

async function started(settings: Partial<BatchSettings> = {}): Promise<Started> {
  const batches: number[] = [];
  const lost: string[] = [];
  const batcher = await Batcher.start(
    { files: [], backend: 'xnnpack', from: 0, to: 1 },
    { workers: 1, mostRows: 8, delayMs: 0, queueRows: 100, rowBytes: 1, script: new URL('./fragile_worker.js', import.meta.url), ...settings },
    (rows) => batches.push(rows), (reason) => lost.push(reason));
  const ask: Started['ask'] = (count, value, { stage = 1, deadlineMs = 5000, signal = never } = {}) =>
    batcher.run(model(stage), { count, encoding: 'f32', data: new Uint8Array(count).fill(value) }, deadlineMs, signal).then(
      (result: JobResult) => (result.kind === 'stage' ? [...result.logits ?? []] : result.kind), (thrown: { status: number; message: string }) => `${thrown.status} ${thrown.message}`);
  return { batcher, batches, lost, ask };
}

test('requests that came together run together, up to the most rows, and each gets its own rows back', async () => {
  const { batcher, batches, ask } = await started();
  const answers = await Promise.all([1, 2, 4, 2, 1].map((count, at) => ask(count, at)));
  assert.deepEqual(answers, [[0], [1, 1], [2, 2, 2, 2], [3, 3], [4]]);
  assert.deepEqual(batches, [8, 2], 'a small one may pass a large one that does not fit');
  await batcher.close();
});

test('different stages never run together', async () => {
  const { batcher, batches, ask } = await started();
  await Promise.all([ask(1, 1, { stage: 1 }), ask(1, 2, { stage: 2 }), ask(1, 3, { stage: 1 })]);
  assert.deepEqual(batches, [2, 1]);
  await batcher.close();
});

test('the queue is bounded in rows; who leaves or is late makes room', async () => {
  const { batcher, ask } = await started({ queueRows: 4, delayMs: 60_000 });
  const leaving = new AbortController();
  const waiting = [ask(2, 1, { signal: leaving.signal }), ask(1, 2, { deadlineMs: 40 })];
  assert.equal(batcher.waiting, 3);
  assert.equal(await ask(2, 3), '503 3 rows wait already; come again later');
  leaving.abort();
  assert.deepEqual(await Promise.all(waiting), ['499 the client went away', '504 no answer within 40 ms']);
  assert.equal(batcher.waiting, 0);
  const last = ask(4, 4);
  await batcher.close();
  assert.equal(await last, '503 the server is going down');
});

test('a worker that ends fails its own requests; another takes its place', async () => {
  const { batcher, lost, ask } = await started();
  assert.equal(await ask(3, 1), '500 the worker that ran this request ended');
  assert.deepEqual(await ask(2, 5), [5, 5]);
  assert.deepEqual(lost, ['a worker ended by itself; another is started']);
  assert.equal(batcher.liveWorkers, 1);
  await batcher.close();
});
