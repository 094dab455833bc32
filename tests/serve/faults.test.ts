// Whatever a server does, every request ends in a right or a degraded answer within its deadline, and none is silently wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStagedSession, OfframpError, type Exited, type StagedAnswer, type StagedSession } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { faults, faultyProxy } from './faulty_proxy.js';
import { sample, stagedPackage, without } from './staged_package.js';
import { serving, writePackage } from './serving.js';

/** Under each fault, a quarter in each of the four ways; OFFRAMP_FAULT_REQUESTS asks for others. */
const requests = Number(process.env['OFFRAMP_FAULT_REQUESTS'] ?? (process.env['CI'] === 'true' ? 1000 : 240));
const atOnce = 12;
const hangingAtOnce = 64; // where all take a whole deadline
const deadlineMs = 500;
const lateMs = 300; // for stages here that a request finds already waiting

interface Expected {
  answer: Exited;
  /** What stage 0 would have said. */
  early: Exited | undefined;
}

const engine = await loadNodeEngine();
const random = ((state) => (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
})(7);
const files = await stagedPackage(engine);
const proxy = await faultyProxy((await serving([writePackage(files), '--stages', '1..'])).url, random);
const expected: Expected[] = [];
const onward: number[] = []; // rows that leave stage 0
const runtime = engine.createRuntime(files);
for (let row = 0; row < 200; row += 1) {
  const first = runtime.begin(sample(row));
  expected.push({ answer: runtime.run(sample(row)), early: 'needsStage' in first ? first.needsStage.early : undefined });
  if ('needsStage' in first) onward.push(row);
}
runtime.dispose();

function plain({ predictedClass, probabilities, exit, score }: Exited): Exited {
  return { predictedClass, probabilities, exit, score };
}

/** Every answer is checked against the one of a single machine. */
async function flood(session: StagedSession, count: number, many = atOnce): Promise<StagedAnswer[]> {
  const answers: StagedAnswer[] = [];
  // A machine that lets this process wait makes its timers late, which is not the session's doing.
  let last = performance.now();
  let longestGapMs = 0;
  const heartbeat = setInterval(() => {
    const now = performance.now();
    longestGapMs = Math.max(longestGapMs, now - last);
    last = now;
  }, 5);
  let next = 0;
  await Promise.all(Array.from({ length: many }, async () => {
    while (next < count) {
      const row = onward[next++ % onward.length] as number;
      const answer = await session.run(sample(row), { deadlineMs });
      const { answer: whole, early } = expected[row] as Expected;
      assert.deepEqual(plain(answer), answer.why?.how === 'early_answer' ? early : whole);
      assert.equal(answer.degraded, answer.why !== undefined);
      answers.push(answer);
    }
  }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  clearInterval(heartbeat);
  const longestMs = Math.max(...answers.map(({ trace }) => trace.totalNs)) / 1e6;
  assert.ok(longestMs < deadlineMs + lateMs + 2 * longestGapMs, `a request took ${longestMs} ms, with gaps up to ${longestGapMs} ms`);
  return answers;
}

for (const [name, fault] of Object.entries(faults)) {
  test(`a server that ${name}, always and half the time, with the weights here and without`, async () => {
    for (const weights of [true, false]) {
      for (const share of [1, 0.5]) {
        proxy.fault = undefined;
        // Nothing is left alone, so that every request meets the fault.
        const session = createStagedSession(engine, weights ? files : without(files, 1, 2), { remotes: [{ url: proxy.url, from: 1, breaker: { failures: Infinity } }] });
        await session.run(sample(onward[0] as number)); // who serves what is known
        Object.assign(proxy, { fault, share });
        const hanging = name === 'hangs' || name === 'is slow';
        const answers = await flood(session, Math.ceil(requests / 4), hanging && share === 1 ? hangingAtOnce : atOnce);
        const degraded = answers.filter((answer) => answer.degraded);
        assert.ok(share === 1 ? degraded.length === answers.length : degraded.length < answers.length, `${degraded.length} of ${answers.length} degraded, such as ${JSON.stringify(degraded[0]?.why)}`);
        if (!weights) assert.ok(degraded.every(({ why }) => why?.how === 'early_answer'), 'early answers without weights');
        else if (!hanging) assert.ok(degraded.some(({ why }) => why?.how === 'finished_here')); // all, where the machine leaves them time
        assert.ok(answers.every(({ trace: { stages } }) => stages.every(({ attempts }) => attempts <= 2)));
        session.dispose();
      }
    }
  });
}

test('a server that was killed, and the breaker: few attempts, then none until the pause is over', async () => {
  const { url, kill, ended } = await serving([writePackage(files), '--stages', '1..']);
  const session = createStagedSession(engine, files, { remotes: [{ url, from: 1, breaker: { failures: 3, pauseMs: 60_000 } }] });
  assert.equal((await session.run(sample(onward[0] as number))).degraded, false);
  kill('SIGKILL');
  await ended;
  const answers = await flood(session, requests);
  const reasons = answers.map(({ why }) => why?.reason);
  assert.equal(reasons.filter((reason) => reason !== 'unreachable' && reason !== 'circuit_open' && reason !== 'deadline').length, 0);
  const attempts = answers.reduce((sum, { trace }) => sum + (trace.stages.find(({ where }) => where !== 'here')?.attempts ?? 0), 0);
  assert.ok(attempts <= 3 + atOnce, `${attempts} attempts`);
  session.dispose();
});

test('a server that comes back is used again', async () => {
  const session = createStagedSession(engine, files, { remotes: [{ url: proxy.url, from: 1, breaker: { failures: 2, pauseMs: 50 } }] });
  const row = onward[0] as number;
  Object.assign(proxy, { fault: faults['says 500'], share: 1 });
  for (let i = 0; i < 4; i += 1) assert.equal((await session.run(sample(row))).degraded, true);
  assert.equal((await session.run(sample(row))).why?.reason, 'circuit_open');
  proxy.fault = undefined;
  const end = performance.now() + 10_000;
  while ((await session.run(sample(row))).degraded) {
    assert.ok(performance.now() < end, 'it is not used again');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  session.dispose();
});

test('cancelling: by the caller, and by disposing of the session', async () => {
  proxy.fault = faults['hangs'];
  proxy.share = 1;
  const cancelled = (thrown: unknown): boolean => thrown instanceof OfframpError && thrown.code === 'cancelled';
  const session = createStagedSession(engine, files, { remotes: [{ url: proxy.url, from: 1 }] });
  const row = onward[0] as number;
  const controller = new AbortController();
  const one = session.run(sample(row), { signal: controller.signal });
  setTimeout(() => controller.abort(), 30);
  await assert.rejects(one, cancelled);
  await assert.rejects(session.run(sample(row), { signal: AbortSignal.abort() }), cancelled);
  const other = session.run(sample(row));
  setTimeout(() => session.dispose(), 30);
  await assert.rejects(other, cancelled);
});

test('neither weights nor an early answer: a typed error, and no bare one', async () => {
  proxy.fault = faults['says 500'];
  const session = createStagedSession(engine, without(files, 0, 1), { remotes: [{ url: proxy.url, from: 0 }] });
  await assert.rejects(session.run(sample(0)), (thrown: unknown) => {
    assert.ok(thrown instanceof OfframpError);
    assert.equal(thrown.code, 'remote');
    assert.match(thrown.message, /^stage 0: .*; there is no earlier exit to answer, and the stage's weights are not here$/);
    return true;
  });
  session.dispose();
});
