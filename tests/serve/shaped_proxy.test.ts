// The shaped link itself: bytes leave in turn, nothing arrives early, and what arrives is what was sent.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { Line, shapedProxy } from './shaped_proxy.js';

test('a line: one after the other at its rate, each a delay later', () => {
  const line = new Line(1000, 50);
  assert.equal(line.send(100, 0), 150); // 100 ms on the line, 50 ms on the way
  assert.equal(line.send(200, 10), 350); // waits for the first
  assert.equal(line.send(0, 20), 350); // an end comes behind what it ends
  assert.equal(line.send(10, 1000), 1060); // the line was idle
});

test('nothing arrives before its time, whole and in order, on several connections at once', async () => {
  const echo = createServer((request, response) => {
    request.pipe(response);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const proxy = await shapedProxy(`http://127.0.0.1:${(echo.address() as AddressInfo).port}`, { rttMs: 30, bytesPerS: 2e6 });
  after(() => {
    proxy.close();
    echo.close();
    echo.closeAllConnections();
  });
  const send = async (seed: number): Promise<void> => {
    const body = Uint8Array.from({ length: 50_000 }, (_, at) => (at * seed) >> 3);
    const response = await fetch(proxy.url, { method: 'POST', body });
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), body);
  };
  const start = performance.now();
  await send(1);
  // Its 25 ms there overlap with those back, since the echo starts early.
  assert.ok(performance.now() - start >= 30 + 25);
  const startOfMany = performance.now();
  await Promise.all([2, 3, 4, 5].map(send));
  assert.ok(performance.now() - startOfMany >= 30 + 4 * 25, 'connections share the line');
});
