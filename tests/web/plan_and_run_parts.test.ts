// What the plan, run and take away steps compute, without a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readEvidence } from 'offramp/report/evidence';
import { toTypedArray } from '@offramp/engine';
import { choicesOf, nearest, ownChoice, positionOf } from '../../web/src/steps/plan/choices.js';
import { classChanges } from '../../web/src/steps/plan/class_changes.js';
import { firstElsewhere, lanesOf } from '../../web/src/steps/plan/lanes.js';
import { confusionOf, recalls, worstMistakes } from '../../web/src/steps/run/confusion.js';
import { pictureSample, sampleForm, samplePicture, type PictureForm, type SignalForm } from '../../web/src/steps/run/sample_form.js';
import { signalPaths } from '../../web/src/steps/run/signal_paths.js';
import { addTo, emptyTally, macsChange, timeChange } from '../../web/src/steps/run/tally.js';
import { snippet } from '../../web/src/steps/take/snippets.js';

const exits = [
  { at: 'a', head: 'mlp_grid', score: 'margin', threshold: 0.5, temperature: 1, exit_rate: 0.5, accuracy: 0.9, macs: 10 },
  { at: 'b', head: 'mlp_grid', score: 'margin', threshold: 0.6, temperature: 1, exit_rate: 0.25, accuracy: 0.9, macs: 60 },
];
const evidence = readEvidence({
  model: { labels: ['x', 'y'] },
  evidence: {
    base: { accuracy: 0.95, macs: 100 },
    plan: {
      exits, accuracy: 0.94, mean_macs: 45, harm_pp: 1.5, class_recall_change_pp: [-1, 0.5], base_exit_rate: 0.25, mapping: [{ target: 'device', from: 0, to: 1 }, { target: 'edge', from: 1, to: 1 }, { target: 'fog', from: 1, to: 4 }],
      mapped: {
        expected_latency_ns: 5e6, targets: [{ target: 'device', kind: 'device', memory_bytes: 1000, macs_per_s: 1000 }, { target: 'edge', kind: 'edge', memory_bytes: 0 }, { target: 'fog', kind: 'fog', memory_bytes: 9000 }],
        links: [{ cross_rate: 0.5, ns: 1e6, bytes: 256, encoding: 'u8' }, { cross_rate: 0.5, ns: 2e6, bytes: 256, encoding: 'f32' }],
      },
    },
    pareto: [{ accuracy: 0.95, mean_macs: 100, exits: [] }, { accuracy: 0.9, mean_macs: 20, harm_pp: 6, exits: ['a'] }, { accuracy: 0.94, mean_macs: 45, harm_pp: 1.5, exits: ['a', 'b'] }],
  },
});

test('choices stand in order of cost and remember their places in the report', () => {
  const choices = choicesOf(evidence);
  assert.deepEqual(choices.map(({ index }) => index), [1, 2, 0]);
  const own = ownChoice(evidence);
  assert.deepEqual(own, { index: undefined, accuracy: 0.94, meanMacs: 45, harmPp: 1.5, exits: ['a', 'b'] });
  assert.equal(positionOf(choices, own), 1, 'the search\'s own plan stands where the front has it');
  assert.equal(positionOf(choices, choices[2] as (typeof choices)[number]), 2);
  assert.equal(nearest(choices, 90, 0.9, 100, 1), 2);
  assert.equal(nearest(choices, 90, 0.9, 100, 0.01), 0, 'the scales say what is far');
  assert.equal(nearest([], 1, 1, 1, 1), -1);
});

test('a mapping becomes lanes: stages with who gets there, exits where heads stand, links with what crosses', () => {
  // Stage 1 ends at a cut without an exit.
  const facts = [{ hasExit: true, macs: 10, boundaryElements: 64 }, { hasExit: false, macs: 20, boundaryElements: 64 }, { hasExit: true, macs: 30, boundaryElements: 8 }, { hasExit: false, macs: 40, boundaryElements: undefined }];
  const { lanes, links } = lanesOf(evidence.plan, facts);
  assert.deepEqual(lanes.map(({ target, kind, memoryBytes, stages }) => [target, kind, memoryBytes, stages.map(({ stage }) => stage)]),
    [['device', 'device', 1000, [0]], ['edge', 'edge', 0, []], ['fog', 'fog', 9000, [1, 2, 3]]]);
  assert.deepEqual(lanes.flatMap(({ stages }) => stages.map(({ reached, exit, last }) => [reached, exit, last])), [[1, 0, false], [0.5, undefined, false], [0.5, 1, false], [0.25, undefined, true]]);
  assert.deepEqual(lanes.map(({ expectedNs }) => expectedNs), [1e7, null, null], '10 MACs for every input at 1000 a second');
  assert.deepEqual(links, [{ bytes: 256, crossRate: 0.5, ns: 1e6, encoding: 'u8' }, { bytes: 256, crossRate: 0.5, ns: 2e6, encoding: 'f32' }]);
});

test('the first stage elsewhere is told by the mapping', () => {
  const ranges = (...ends: number[]) => ends.map((to, at) => ({ target: `t${at}`, from: ends[at - 1] ?? 0, to }));
  assert.equal(firstElsewhere(ranges(1, 3), 3), 1);
  assert.equal(firstElsewhere(ranges(3, 3), 3), undefined, 'the second target has none');
  assert.equal(firstElsewhere(ranges(3), 3), undefined);
  assert.equal(firstElsewhere(undefined, 3), undefined);
});

test('without targets there is one lane', () => {
  const plan = { ...evidence.plan, mapped: null, mapping: [{ target: 'local', from: 0, to: 3 }] };
  const { lanes, links } = lanesOf(plan, [{ hasExit: true, macs: 1, boundaryElements: 1 }, { hasExit: true, macs: 1, boundaryElements: 1 }, { hasExit: false, macs: 1, boundaryElements: undefined }]);
  assert.deepEqual(lanes.map(({ target, stages }) => [target, stages.length]), [['this device', 3]]);
  assert.deepEqual(links, []);
});

test('classes that lose most come first, those without rows last', () => {
  assert.deepEqual(classChanges([0, -2, null, 1, -2], ['a', 'b', 'c', '']).map(({ name, pp }) => [name, pp]), [['b', -2], ['class 4', -2], ['a', 0], ['class 3', 1], ['c', null]]);
});

test('a tally adds up exits, work and times of what was compared', () => {
  const once = addTo(emptyTally(), { exit: 0, ns: 100, macs: 10, baseMacs: 100, baseNs: 400, agrees: true, right: true, degraded: false });
  const twice = addTo(once, { exit: 2, ns: 900, macs: 110, baseMacs: 100, degraded: true });
  assert.deepEqual(twice.exits, [1, 0, 1]);
  assert.equal(macsChange(twice), -40);
  assert.equal(timeChange(twice), -75, 'only the input that both ran on');
  assert.deepEqual([twice.count, twice.compared, twice.agreed, twice.labelled, twice.right, twice.degraded], [2, 1, 1, 1, 1, 1]);
  assert.equal(once.count, 1, 'tallies are values');
  assert.equal(macsChange(emptyTally()), null);
  assert.equal(timeChange(emptyTally()), null);
});

test('a confusion matrix counts rows with a label and an answer, and finds the worst mistakes', () => {
  const confusion = confusionOf([0, 0, 0, 1, 1, 2, 7, 2], [0, 1, 1, 1, 0, 2, 0, -1], 3);
  assert.deepEqual(confusion.counts, [[1, 2, 0], [1, 1, 0], [0, 0, 1]]);
  assert.deepEqual([confusion.rows, confusion.right], [6, 3]);
  assert.deepEqual(worstMistakes(confusion, 5).map(({ label, answer, rows }) => [label, answer, rows]), [[0, 1, 2], [1, 0, 1]]);
  assert.deepEqual(worstMistakes(confusion, 1).length, 1);
  assert.deepEqual(recalls(confusionOf([0, 0], [0, 1], 3)), [0.5, null, null]);
});

const packageOf = (shape: number[], preprocess: unknown[]) => ({ model: { input: { shape } }, preprocess }) as never;

test('the form of a raw sample is found back through preprocessing', () => {
  const scaled = [{ op: 'scale', by: 1 / 255 }, { op: 'reshape', shape: [-1, 1, 28, 28] }];
  assert.deepEqual(sampleForm(packageOf([1, 28, 28], scaled)), { kind: 'picture', channels: 1, height: 28, width: 28, channelsLast: false, dims: [1, 1, 28, 28], largest: 255 });
  assert.deepEqual(sampleForm(packageOf([1, 28, 28], [])), { kind: 'picture', channels: 1, height: 28, width: 28, channelsLast: false, dims: [1, 1, 28, 28], largest: 1 });
  const pixels = [{ op: 'normalize', mean: [125, 123, 114], std: [51, 50, 51], axis: -1 }, { op: 'transpose', axes: [0, 3, 1, 2] }];
  assert.deepEqual(sampleForm(packageOf([3, 32, 40], pixels)), { kind: 'picture', channels: 3, height: 32, width: 40, channelsLast: true, dims: [1, 32, 40, 3], largest: 255 });
  assert.deepEqual(sampleForm(packageOf([1, 256], [])), { kind: 'signal', channels: 1, length: 256, channelsLast: false, dims: [1, 1, 256] });
  assert.deepEqual(sampleForm(packageOf([2, 360], [{ op: 'transpose', axes: [0, 2, 1] }])), { kind: 'signal', channels: 2, length: 360, channelsLast: true, dims: [1, 360, 2] });
  assert.deepEqual(sampleForm(packageOf([7], [])), { kind: 'other', dims: [1, 7] });
  assert.equal(sampleForm(packageOf([49, 10], [])).kind, 'signal');
  assert.equal(sampleForm({}).kind, 'other');
});

test('a picture becomes a sample and back, in each layout', () => {
  const rgba = new Uint8ClampedArray([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 51, 51, 51, 255]);
  const form: PictureForm = { kind: 'picture', channels: 3, height: 2, width: 2, channelsLast: true, dims: [1, 2, 2, 3], largest: 255 };
  assert.deepEqual([...toTypedArray(pictureSample(form, rgba)) as Float32Array], [255, 0, 0, 0, 255, 0, 0, 0, 255, 51, 51, 51]);
  const first: PictureForm = { ...form, channelsLast: false, dims: [1, 3, 2, 2], largest: 1 };
  const sample = toTypedArray(pictureSample(first, rgba)) as Float32Array;
  assert.deepEqual([...sample].map((value) => Math.round(10 * value)), [10, 0, 0, 2, 0, 10, 0, 2, 0, 0, 10, 2]);
  assert.deepEqual([...samplePicture(first, sample)], [...rgba]);
  const grey: PictureForm = { kind: 'picture', channels: 1, height: 1, width: 2, channelsLast: false, dims: [1, 1, 1, 2], largest: 1 };
  assert.deepEqual([...samplePicture(grey, [-1, 1])], [0, 0, 0, 255, 255, 255, 255, 255], 'values past the range are stretched');
});

test('a signal becomes one path per channel on a common scale', () => {
  const form: SignalForm = { kind: 'signal', channels: 2, length: 3, channelsLast: true, dims: [1, 3, 2] };
  assert.deepEqual(signalPaths(form, [0, 10, 5, 10, 10, 10], 100, 24), ['M0 22L50 12L100 2', 'M0 2L50 2L100 2']);
});

test('snippets name the file, the shape and the server, and quote what a shell or a script would take amiss', () => {
  const facts = { file: 'it\'s $(x).offramp', dims: [1, 1, 28, 28] };
  const web = snippet('web', facts);
  assert.match(web, /fetch\('it\\'s \$\(x\)\.offramp'\)/);
  assert.match(web, /new Float32Array\(784\)/);
  assert.match(web, /remotes: \[\]/);
  assert.match(snippet('node', { ...facts, remoteFrom: 1, remoteUrl: 'http://fog:1' }), /remotes: \[\{ url: 'http:\/\/fog:1', from: 1 \}\]/);
  assert.match(snippet('gateway', { ...facts, remoteFrom: 2 }), /^offramp serve 'it'\\''s \$\(x\)\.offramp' --stages 2\.\.$/m);
});
