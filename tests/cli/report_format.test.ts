// Numbers as the report writes them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeInterval, readEvidence } from 'offramp/report/evidence';
import * as format from 'offramp/report/format';
import { makeManifest } from './report_fixture.js';

const spaced = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ').replace('\u2212', '-');

test('counts, compute and time carry fitting units', () => {
  const cases: [string, string][] = [
    [format.count(0), '0'], [format.count(650), '650'], [format.count(9999), '9 999'], [format.count(10240), '10.2 k'],
    [format.count(993920), '994 k'], [format.count(2656768), '2.66 M'], [format.count(125.49e6), '125 M'], [format.count(3.7e9), '3.70 G'],
    [format.countTick(0), '0'], [format.countTick(500000), '500 k'], [format.countTick(2e6), '2 M'], [format.countTick(2.5e6), '2.5 M'],
    [format.macs(40.55e6), '40.5 M MACs'], [format.macs(null), '–'],
    [format.latency(950), '950 ns'], [format.latency(533e3), '533 µs'], [format.latency(4.02e6), '4.02 ms'], [format.latency(1.5e9), '1.50 s'],
    [format.seconds(204.9), '3 min 25 s'], [format.seconds(239.9), '4 min 0 s'], [format.seconds(3.27), '3.3 s'], [format.seconds(0.014), '0.01 s'],
    [format.integer(37250048), '37 250 048'],
  ];
  for (const [got, wanted] of cases) assert.equal(spaced(got), wanted);
});

test('changes carry a sign, and none when nothing changes', () => {
  const cases: [string, string][] = [
    [format.changePoints(-0.576), '-0.58 pp'], [format.changePoints(0.3), '+0.30 pp'], [format.changePoints(-0.001), '±0.00 pp'],
    [format.changePercent(-34.56), '-34.6 %'], [format.changePercent(null), '–'], [format.percent(0.5921), '59.2 %'],
    [format.plainPoints(1), '1 pp'], [format.plainPoints(0.5), '0.5 pp'], [format.plainPoints(10), '10 pp'], [format.plainPoints(0), '0 pp'],
  ];
  for (const [got, wanted] of cases) assert.equal(spaced(got), wanted);
});

test('long names keep both ends', () => {
  assert.equal(format.shorten('short', 5), 'short');
  assert.equal(format.shorten('layer3.block17.conv2', 11), 'laye….conv2');
  assert.equal([...format.shorten('\u{1f600}'.repeat(9), 4)].length, 4);
});

test('the interval of the change pairs rows', () => {
  const { plan } = readEvidence(makeManifest());
  // By hand: 6000 rows, 50 lost (0.83 pp), 15 won (0.25 pp); (16 - 51) / 6002 +- 1.96 sqrt((67/6002 - (35/6002)^2) / 6002).
  const [low, high] = changeInterval(plan, 6000)!;
  assert.ok(Math.abs(low - -0.850026) < 1e-6 && Math.abs(high - -0.316252) < 1e-6, `${low} ${high}`);
  assert.equal(changeInterval(plan, null), null);
  assert.equal(changeInterval({ ...plan, harmPp: null }, 6000), null);
  const tiny = changeInterval(plan, 1)!;
  assert.ok(tiny[0] >= -100 && tiny[1] <= 100);
});
