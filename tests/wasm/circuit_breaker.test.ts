// The circuit breaker by a clock of its own: when it lets requests through, and for how long it does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitBreaker } from '@offramp/engine';

function breakerAt(): { breaker: CircuitBreaker; go(milliseconds: number): void } {
  let now = 1000;
  const breaker = new CircuitBreaker({ failures: 3, pauseMs: 100, longestPauseMs: 350 }, () => now);
  return { breaker, go: (milliseconds) => { now += milliseconds; } };
}

function fail(breaker: CircuitBreaker): void {
  assert.equal(breaker.allows(), true);
  breaker.failed();
}

test('failures in a row open it; one success in between does not let them add up', () => {
  const { breaker } = breakerAt();
  fail(breaker);
  fail(breaker);
  assert.equal(breaker.allows(), true);
  breaker.succeeded();
  fail(breaker);
  fail(breaker);
  fail(breaker);
  assert.equal(breaker.allows(), false);
});

test('after the pause one is let through; its success closes it', () => {
  const { breaker, go } = breakerAt();
  for (let i = 0; i < 3; i += 1) fail(breaker);
  go(99);
  assert.equal(breaker.allows(), false);
  go(1);
  assert.equal(breaker.allows(), true);
  assert.equal(breaker.allows(), false, 'one at a time');
  breaker.succeeded();
  assert.deepEqual([breaker.allows(), breaker.allows()], [true, true]);
});

test('each failed trial doubles the pause, up to the longest', () => {
  const { breaker, go } = breakerAt();
  for (let i = 0; i < 3; i += 1) fail(breaker);
  for (const pause of [100, 200, 350, 350]) {
    go(pause - 1);
    assert.equal(breaker.allows(), false, `${pause}`);
    go(1);
    fail(breaker);
  }
});

test('a trial that its caller ended says nothing: the next is let through', () => {
  const { breaker, go } = breakerAt();
  for (let i = 0; i < 3; i += 1) fail(breaker);
  go(100);
  assert.equal(breaker.allows(), true);
  breaker.abandoned();
  assert.equal(breaker.allows(), true);
});

test('requests that were under way when it opened do not lengthen the pause', () => {
  const { breaker, go } = breakerAt();
  for (let i = 0; i < 6; i += 1) assert.equal(breaker.allows(), true);
  for (let i = 0; i < 3; i += 1) breaker.failed();
  go(50);
  for (let i = 0; i < 3; i += 1) breaker.failed();
  go(50);
  assert.equal(breaker.allows(), true);
});

test('a server that asks for time gets it, though not for ever', () => {
  const { breaker, go } = breakerAt();
  breaker.hold(200);
  go(199);
  assert.equal(breaker.allows(), false);
  go(1);
  assert.equal(breaker.allows(), true);
  breaker.succeeded();
  breaker.hold(1e12);
  go(350);
  assert.equal(breaker.allows(), true);
});
