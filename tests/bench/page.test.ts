// The benchmark page and tables, from made-up results.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import type { EngineChoice } from './engines/engine.js';
import { renderPage } from './page.js';
import { compare, summarise, type BenchResults, type EngineResult, type ModelResult } from './results.js';
import { pairedRatio, percentile } from './statistics.js';
import { renderComparison, renderTable } from './terminal.js';

function engine(name: EngineChoice['engine'], rounds: number[][], threads = 1): EngineResult {
  const choice: EngineChoice = name === 'offramp' ? { engine: name, variant: 'simd', threads } : { engine: name, threads };
  return { id: `${name}, ${threads}`, choice, rounds, firstResultNs: [1e7 * (name === 'offramp' ? 1 : 4)] };
}

const model: ModelResult = {
  model: 'net', title: 'A <net>', host: 'node', notCovered: [{ id: 'tfjs, 1', why: 'no translation of <this>' }],
  engines: [
    // The second round is slow for everybody: ratios are of the same round.
    engine('offramp', [[1e6, 1e6], [3e6, 3e6]]), engine('onnxruntime-web', [[2e6, 2e6], [6e6, 6e6]]), engine('bare', [[0.8e6, 0.8e6], [2.4e6, 2.4e6]]),
    engine('onnxruntime-web', [[1.5e6], [1.5e6]], 2),
  ],
};
const results: BenchResults = { machine: 'A & B', hosts: { node: 'Node 20' }, date: '2026-01-02T03:04:05Z', rounds: 2, clock: 'wall', models: [model] };

test('statistics', () => {
  assert.equal(percentile([3, 1, 2], 0.5), 2);
  assert.equal(percentile([1, 2], 0.25), 1.25);
  assert.deepEqual(pairedRatio([[2, 2], [9]], [[1], [3, 3, 3]]), { median: 2.5, p10: 2.1, p90: 2.9 });
});

test('ratios are paired by round, and only with rows of as many threads', () => {
  const rows = summarise(model);
  assert.deepEqual(rows.map(({ ratio }) => ratio?.median), [1, 2, 0.8, undefined]);
  assert.equal(rows[0]?.time.median, 2e6);
  const [line, ...more] = compare(model);
  assert.deepEqual(more, []);
  assert.equal(line?.slower['onnxruntime-web'], 2);
  assert.equal(line?.overBare, 1.25);
  assert.equal(line?.firstResult, 4);
});

test('of several variants the fastest one is compared', () => {
  const slow = { ...engine('offramp', [[9e6], [9e6]]), id: 'slow' };
  const both = { ...model, engines: [slow, ...model.engines] };
  assert.equal(compare(both)[0]?.ours.time.median, 2e6);
});

test('terminal', () => {
  assert.equal(renderTable(summarise(model), model), [
    'A <net>, node',
    '                     median           p10 to p90  against offramp  first result',
    'offramp, 1          2.00 ms   1.00 ms to 3.00 ms           1.00 x      10.00 ms',
    'onnxruntime-web, 1  4.00 ms   2.00 ms to 6.00 ms           2.00 x      40.00 ms',
    'bare, 1             1.60 ms  800.0 µs to 2.40 ms           0.80 x      40.00 ms',
    'onnxruntime-web, 2  1.50 ms   1.50 ms to 1.50 ms                -      40.00 ms',
    'tfjs, 1: not run (no translation of <this>)',
  ].join('\n'));
  assert.match(renderComparison(results), /^ +threads +offramp .*\nA <net>, node +1 +2\.00 ms +2\.00 x +- +1\.25 x +4\.00 x$/);
});

test('page: bars of two variants are told apart', () => {
  const relaxed: EngineResult = { ...engine('offramp', [[1e6], [3e6]]), id: 'relaxed', choice: { engine: 'offramp', variant: 'relaxed-simd', threads: 1 } };
  const { document } = parseHTML(renderPage({ ...results, models: [{ ...model, engines: [...model.engines, relaxed] }] }));
  const texts = [...document.querySelectorAll('.wide svg g text')].map((text) => text.textContent);
  assert.deepEqual(texts.map((text) => text?.includes('relaxed SIMD')), [false, false, false, true]);
});

test('page: self-contained, escaped, with a bar per engine and the numbers', () => {
  const text = renderPage(results);
  const { document } = parseHTML(text);
  assert.equal(document.querySelectorAll('script, link, img').length, 0);
  assert.match(document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '', /^default-src 'none'; style-src 'sha256-/);
  assert.equal(document.querySelector('.lead')?.textContent, '2.00 times as fast as onnxruntime-web in Node with one thread; 1.25 times the time of XNNPACK alone.');
  const headings = [...document.querySelectorAll('h2')].map((heading) => heading.textContent);
  assert.deepEqual(headings, ['Node, one thread', 'First result', 'All times', 'How it was measured']);
  const bars = [...document.querySelectorAll('.wide svg rect')];
  assert.equal(bars.length, 3, 'two threads have one engine only, so no section of their own');
  const widths = bars.map((bar) => Number(bar.getAttribute('width')));
  assert.ok(Math.abs((widths[0] as number) / (widths[1] as number) - 2) < 0.01, 'Offramp is twice as fast as the base');
  assert.ok(Math.abs((widths[2] as number) / (widths[1] as number) - 2.5) < 0.01);
  assert.ok(!text.includes('<net>') && !text.includes('<this>') && text.includes('A &lt;net&gt;') && text.includes('A &amp; B'));
  assert.match(document.querySelector('details')?.textContent ?? '', /onnxruntime-web1?.*4\.00\u00a0ms/s);
});
