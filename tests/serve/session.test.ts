// The staged session against `offramp serve`: the answers of one machine, in every encoding and way of serving, and the trace.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStagedSession, OfframpError, readPlan, type Encoding, type Exited, type StagedAnswer } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { faults, faultyProxy } from './faulty_proxy.js';
import { answeredHere, sample, stagedPackage, withLink, withManifest, without } from './staged_package.js';
import { serving, writePackage } from './serving.js';

const engine = await loadNodeEngine();
const files = await stagedPackage(engine);
const plan = readPlan(engine.createRuntime(files).manifest());
const rows = 60;

function assertSame(answer: StagedAnswer, wanted: Exited): void {
  const { predictedClass, probabilities, exit, score } = answer;
  assert.deepEqual({ predictedClass, probabilities, exit, score }, wanted);
  assert.equal(answer.degraded, false);
  assert.equal(answer.why, undefined);
}

const bytesOf: Record<Encoding, number> = { f32: 4, f16: 2, u8: 1 };
for (const encoding of ['f32', 'f16', 'u8'] as const) {
  test(`a boundary in ${encoding}: many requests at once, each as one machine answers`, async () => {
    const packaged = withLink(files, encoding);
    const { url } = await serving([writePackage(packaged), '--stages', '1..']);
    const session = createStagedSession(engine, without(packaged, 1, 2), { remotes: [{ url, name: 'fog', from: 1 }] });
    const answers = await Promise.all(Array.from({ length: rows }, (_, row) => session.run(sample(row))));
    const exits = new Set(answers.map(({ exit }) => exit));
    assert.deepEqual([...exits].sort(), [0, 1, 2], 'rows leave everywhere, else this tests little');
    const elements = plan.stages[1]?.inputShape.reduce((product, size) => product * size, 1) ?? NaN;
    answers.forEach((answer, row) => {
      assertSame(answer, answeredHere(engine, files, row, encoding));
      const { stages, exit, macs, bytesSent, totalNs } = answer.trace;
      assert.equal(exit, answer.exit);
      assert.equal(macs, plan.stages.slice(0, exit + 1).reduce((sum, stage) => sum + stage.macs, 0));
      assert.deepEqual(stages.map(({ from, to, where, attempts }) => [from, to, where, attempts]), exit === 0 ? [[0, 1, 'here', 1]] : [[0, 1, 'here', 1], [1, exit + 1, 'fog', 1]]);
      assert.ok(stages.every(({ ns }) => ns > 0) && totalNs >= stages.reduce((sum, { ns }) => sum + ns, 0) * 0.999);
      if (exit === 0) assert.equal(bytesSent, 0);
      else assert.ok(bytesSent > elements * bytesOf[encoding] && bytesSent < elements * bytesOf[encoding] + 600, `${bytesSent} bytes`);
    });
    session.dispose();
  });
}

test('a server\'s stages one by one, as any server has them, and several servers', async () => {
  const path = writePackage(files);
  const [first, second] = [await serving([path, '--stages', '1']), await serving([path, '--stages', '2'])];
  const session = createStagedSession(engine, without(files, 1, 2), { remotes: [{ url: first.url, name: 'a', from: 1, to: 2 }, { url: second.url, name: 'b', from: 2 }] });
  const plain = await serving([path, '--stages', '1..']);
  // Its continuations hidden, as on a server that knows single models only.
  const single = createStagedSession(engine, without(files, 1, 2), {
    remotes: [{ url: plain.url, name: 'c', from: 1, client: { fetch: (url, init) => (url.includes('/from_') ? Promise.resolve(new Response('{"error":"unknown"}', { status: 404 })) : fetch(url, init)) } }],
  });
  for (let row = 0; row < 30; row += 1) {
    const wanted = answeredHere(engine, files, row, 'f32');
    const answer = await single.run(sample(row));
    assertSame(answer, wanted);
    assert.deepEqual(answer.trace.stages.map(({ where }) => where), ['here', 'c', 'c'].slice(0, wanted.exit + 1));
    const other = await session.run(sample(row));
    assertSame(other, wanted);
    assert.deepEqual(other.trace.stages.map(({ where }) => where), ['here', 'a', 'b'].slice(0, wanted.exit + 1));
  }
});

test('a fog node that offloads on: its clients see one answer', async () => {
  const path = writePackage(files);
  const cloud = await serving([path, '--stages', '2']);
  const fog = await serving([writePackage(without(files, 2)), '--stages', '1..1', '--offload', cloud.url]);
  const session = createStagedSession(engine, without(files, 1, 2), { remotes: [{ url: fog.url, from: 1 }] });
  for (let row = 0; row < 30; row += 1) assertSame(await session.run(sample(row)), answeredHere(engine, files, row, 'f32'));
  cloud.kill('SIGKILL');
  await cloud.ended;
  const last = Array.from({ length: rows }, (_, row) => row).find((row) => answeredHere(engine, files, row, 'f32').exit === 2) ?? NaN;
  const answer = await session.run(sample(last));
  assert.deepEqual([answer.degraded, answer.why?.how, answer.why?.reason, answer.exit], [true, 'by_server', 'further_on', 1]);
  assert.match(answer.why?.message ?? '', /^early_answer: .*cannot be reached/);
});

test('a fog node whose next server hangs gives its own early answer within its client\'s time', async () => {
  const path = writePackage(files);
  const proxy = await faultyProxy((await serving([path, '--stages', '2'])).url, () => 0);
  const fog = await serving([writePackage(without(files, 2)), '--stages', '1..1', '--offload', proxy.url]);
  const session = createStagedSession(engine, without(files, 1, 2), { remotes: [{ url: fog.url, from: 1 }] });
  const last = Array.from({ length: rows }, (_, row) => row).find((row) => answeredHere(engine, files, row, 'f32').exit === 2) ?? NaN;
  assertSame(await session.run(sample(last)), answeredHere(engine, files, last, 'f32'));
  proxy.fault = faults['hangs'];
  const answer = await session.run(sample(last), { deadlineMs: 1500 });
  assert.deepEqual([answer.degraded, answer.why?.how, answer.exit], [true, 'by_server', 1]);
  assert.match(answer.why?.message ?? '', /^early_answer: .*no whole answer within \d+ ms$/);
});

test('everything at a server: stage 0 too, on the prepared sample', async () => {
  const { url } = await serving([writePackage(files)]);
  const session = createStagedSession(engine, without(files, 1, 2), { remotes: [{ url, from: 0 }] });
  for (let row = 0; row < 10; row += 1) {
    const answer = await session.run(sample(row));
    assertSame(answer, answeredHere(engine, files, row, 'f32'));
    assert.deepEqual(answer.trace.stages.map(({ from, where }) => [from, where]), [[0, url]]);
  }
});

test('a server of another package is found out before it answers', async () => {
  const { url } = await serving([writePackage(withManifest(files, ({ stages }) => {
    const [, second] = stages;
    if (second?.exit) second.exit.threshold = 0.5;
  })), '--stages', '1..']);
  const session = createStagedSession(engine, files, { remotes: [{ url, from: 1 }] });
  const row = Array.from({ length: rows }, (_, at) => at).find((at) => answeredHere(engine, files, at, 'f32').exit > 0) ?? NaN;
  const answer = await session.run(sample(row));
  assert.deepEqual([answer.degraded, answer.why?.how, answer.why?.reason], [true, 'finished_here', 'bad_answer']);
  assert.equal(answer.why?.message, 'model from_1 is of another package: its weights or exits differ');
});

test('what a session refuses', async () => {
  const refused = (work: () => unknown): string => {
    try {
      work();
    } catch (thrown) {
      assert.ok(thrown instanceof OfframpError && thrown.code === 'invalid_argument', String(thrown));
      return thrown.message;
    }
    assert.fail('it was not refused');
  };
  const url = 'http://127.0.0.1:1';
  assert.equal(refused(() => createStagedSession(engine, without(files, 1), { remotes: [{ url, from: 2 }] })), 'stage 1 is neither here nor at a server');
  assert.equal(refused(() => createStagedSession(engine, files, { remotes: [{ url, from: 1 }, { url, from: 2 }] })), 'stage 2 is at two places');
  assert.equal(refused(() => createStagedSession(engine, files, { remotes: [{ url, from: 1, to: 4 }] })), 'stages 1 to 4 are not those of a package with 3');
  const before = engine.liveHandles;
  const session = createStagedSession(engine, files, { remotes: [] });
  await assert.rejects(session.run(sample(0), { deadlineMs: 0 }), { message: 'deadlineMs: expected a number above 0, got 0' });
  await assert.rejects(session.run({ dtype: 'u8', dims: [3], data: new Uint8Array(3) }), { code: 'invalid_argument' });
  session.dispose();
  assert.equal(engine.liveHandles, before);
});
