// Goals, table and page from made-up figures.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import type { ScaleResults } from '../bench/scale/main.js';
import { temporaryFolder } from '../cli/command.js';
import type { Comparison, MethodRow, ModelResult } from './collect.js';
import { judge, staticAccuracy, type Verdict } from './goals.js';
import { renderResultsPage } from './page.js';
import { assemble, countMet, type Results } from './results.js';
import { judgeScale, readScale } from './scale_goals.js';
import { renderModel, renderResults } from './text.js';
import type { MethodId } from './tasks.js';

function comparison(accuracy: number, macsChangePct: number, change: Partial<Comparison> = {}): Comparison {
  const accuracyChangePp = 100 * (accuracy - 0.92);
  return {
    accuracy, accuracyChangePp, accuracyChange95Pp: [accuracyChangePp - 0.5, accuracyChangePp + 0.5], harmed: 5, mended: 2, meanMacs: 125e6 * (1 + macsChangePct / 100), macsChangePct,
    meanLatencyNs: 2e6 * (1 + macsChangePct / 100), latencyChangePct: macsChangePct + 1, macroF1ChangePp: accuracyChangePp, worstClass: { label: 1, rows: 100, changePp: -3 }, ...change,
  };
}

function row(method: MethodId, accuracy: number, macsChangePct: number, change: Partial<MethodRow> = {}): MethodRow {
  return {
    ...comparison(accuracy, macsChangePct), method, title: `by ${method}`, exits: [{ at: 'layer<1>', head: 'mlp_grid', score: 'margin', threshold: 0.5, rate: 0.4 }],
    seconds: { extract: 10, train: 20, search: 1.4 }, certificate: null, remarks: [], ...change,
  };
}

const resnet56: ModelResult = {
  id: 'resnet56', title: 'Net & 56', task: 'cifar10', labels: ['cat', 'dog'], base: { accuracy: 0.92, macroF1: 0.919, macs: 125e6, parameters: 850_000, meanLatencyNs: 2e6 },
  rows: { train: 10_000, select: 1000, certify: 0, test: 1000 }, exitPoints: 28,
  methods: [row('harm_0.5', 0.916, -33), row('harm_1', 0.911, -41.5, { remarks: ['odd <rows>'] }), row('paper', 0.8, -50)],
  statics: [{ title: 'small', ...comparison(0.9, -60) }, { title: 'smaller', ...comparison(0.88, -80) }],
  front: [{ accuracy: 0.81, meanMacs: 60e6 }], left: [{ title: 'certified', why: 'there is no --certify' }],
};

const verdicts = (result: ModelResult): [string, boolean | null][] => judge(result).map(({ goal, met }) => [goal, met]);

test('goals are judged by what was measured', () => {
  assert.deepEqual(verdicts(resnet56), [
    ['1 pp: at least 40 % fewer MACs at no more than 1 pp lost', true],
    ['1 pp of accuracy: at least 40 % fewer MACs at no more than 1 pp lost', null],
    ['0.5 pp: at least 33 % fewer MACs at no more than 0.5 pp lost', true],
    ['0.5 pp of accuracy: at least 33 % fewer MACs at no more than 0.5 pp lost', null],
    ['1 pp: more accurate than the line through the smaller models', true],
    ["no more MACs than the paper's method at equal accuracy", true],
    ['latency saving within 5 points of the MAC saving', true],
  ]);
  assert.equal(judge(resnet56)[0]?.seen, '41.5 % saved, -0.90 pp');
});

test('a goal is missed by a hair, and one that was not run is no miss', () => {
  const methods = [row('harm_1', 0.9099, -60), row('paper', 0.8, -70)];
  const result = { ...resnet56, methods, front: [] };
  assert.deepEqual(verdicts(result).map(([, met]) => met), [false, null, null, null, true, false, true]);
  const byAccuracy = { ...result, methods: [row('accuracy_1', 0.9101, -40)] };
  assert.deepEqual(verdicts(byAccuracy).map(([, met]) => met), [null, true, null, null, null, true]);
  assert.deepEqual(countMet(judge(result)), { met: 2, measured: 4 });
  const slow = { ...resnet56, methods: [row('harm_1', 0.92, -60, { latencyChangePct: -54.9 })] };
  assert.equal(judge(slow).at(-1)?.met, false);
});

test('goals for classes, for no loss, and for latency', () => {
  const ecg = { ...resnet56, id: 'ecg_ps_resnet1d', methods: [row('class_2', 0.92, -70, { worstClass: { label: 0, rows: 9, changePp: -2.1 } })] };
  assert.deepEqual(judge(ecg)[2], { model: 'Net & 56', goal: "2 pp in every class: at least 70 % fewer MACs, no class's recall down by more than 2 pp", seen: '70.0 % saved, recall of cat -2.10 pp', met: false });
  const patients = { ...resnet56, id: 'ecg_resnet1d', methods: [row('harm_0.5', 0.93, -85, { macroF1ChangePp: -0.01 })] };
  assert.equal(judge(patients)[0]?.met, false);
  const keywords = { ...resnet56, id: 'kws_arm_dscnn_l', methods: [row('harm_1', 0.92, -60, { latencyChangePct: 2 })] };
  assert.deepEqual(judge(keywords).map(({ met }) => met), [true, null, null, null, false, false]);
});

test('the line through smaller models', () => {
  const at = (share: number): number => staticAccuracy(resnet56, 125e6 * share) as number;
  assert.ok(Math.abs(at(0.4) - 0.9) < 1e-12 && Math.abs(at(1) - 0.92) < 1e-12 && Math.abs(at(0.7) - 0.91) < 1e-12 && Math.abs(at(0.3) - 0.89) < 1e-12);
  assert.equal(at(0.1), 0.88);
  assert.equal(staticAccuracy({ ...resnet56, statics: [] }, 1), null);
});

const about: Omit<Results, 'models' | 'verdicts'> = {
  date: '2026-01-02T03:04:05Z', machine: 'A & B', node: 'v20', origin: { commit: 'abcdef0123456789', changes: 'x' }, threads: 2, seed: 0, rowLimit: null,
  left: [{ title: 'Pictures', why: 'x.onnx is not there' }],
};
const kept = [{ origin: about.origin, options: {}, date: about.date, seconds: 100, result: resnet56 }];

test('terminal', () => {
  assert.equal(renderModel(resnet56), [
    'Net & 56: 10000 train, 1000 select, 1000 test rows',
    '             accuracy     change        95 % of it      MACs  latency   macro-F1  worst class  exits  search',
    'as it is      92.00 %                               125.00 M  2.00 ms',
    'by harm_0.5   91.60 %   -0.40 pp    -0.90 to +0.10   -33.0 %  -32.0 %   -0.40 pp     dog -3.0   40 %    31 s',
    'by harm_1     91.10 %   -0.90 pp    -1.40 to -0.40   -41.5 %  -40.5 %   -0.90 pp     dog -3.0   40 %    31 s',
    'by paper      80.00 %  -12.00 pp  -12.50 to -11.50   -50.0 %  -49.0 %  -12.00 pp     dog -3.0   40 %    31 s',
    'small         90.00 %   -2.00 pp    -2.50 to -1.50   -60.0 %  -59.0 %   -2.00 pp     dog -3.0',
    'smaller       88.00 %   -4.00 pp    -4.50 to -3.50   -80.0 %  -79.0 %   -4.00 pp     dog -3.0',
  ].join('\n'));
  const text = renderResults(assemble(about, kept));
  assert.match(text, /\n\n5 of 5 goals met\n +goal +measured\nNet & 56 +1 pp: at least 40 % fewer MACs .* +met\n/);
  assert.match(text, /\n\nNet & 56, certified: not run, there is no --certify\nPictures: not run, x\.onnx is not there$/);
});

test('page: self-contained and escaped, with every figure', () => {
  const text = renderResultsPage(assemble(about, kept));
  const { document } = parseHTML(text);
  assert.equal(document.querySelectorAll('script, link, img, [style]').length, 0);
  assert.match(document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '', /^default-src 'none'; style-src 'sha256-/);
  assert.equal(document.querySelector('.lead')?.textContent?.replace(/[\s\u00a0]+/g, ' '), 'Allowed to lose 1 pp, Offramp saves 42 % of the compute and changes accuracy by −0.90 pp; 5 of 5 goals are met.');
  assert.deepEqual([...document.querySelectorAll('h2')].map((one) => one.textContent), ['What accuracy costs', 'Goals: 5 of 5 met', 'Net & 56', 'How it was measured']);
  assert.equal(document.querySelectorAll('svg.plot').length, 1);
  assert.match(document.querySelector('svg.plot')?.textContent ?? '', /−12\.0 pp/, 'what lies below the drawing is told at its edge');
  const cells = [...document.querySelectorAll('section:nth-of-type(3) > .scroll tbody tr:nth-child(3) td')].map((one) => one.textContent?.replace(/\u00a0/g, ' '));
  assert.deepEqual(cells, ['91.10 %', '−0.90 pp−1.40 to −0.40', '−41.5 %73.1 M', '−40.5 %1.17 ms', '−0.90 pp', '−3.0 ppdog, 100 rows', '40.0 %', '31 s']);
  assert.ok(!text.includes('layer<1>') && !text.includes('odd <rows>') && text.includes('odd &lt;rows&gt;') && text.includes('A &amp; B'));
  assert.ok(!/NaN|undefined|Infinity/.test(text));
});

test('page: few rows judge no goal', () => {
  const text = renderResultsPage(assemble({ ...about, rowLimit: 60 }, kept));
  assert.match(text, /A look, not a result\./);
  assert.ok(!text.includes('Goals:'));
});

test('verdicts name their model', () => {
  const all: Verdict[] = assemble(about, kept).verdicts;
  assert.ok(all.every(({ model }) => model === 'Net & 56'));
});

test('the goals of scale are judged by a whole run of the same sources, else left open', async () => {
  assert.deepEqual(judgeScale(undefined).map(({ met }) => met), [null, null]);
  const scale = { origin: about.origin, whole: true, summary: { seconds: 1500, peakBytes: 2.01e9 } } as unknown as ScaleResults;
  assert.deepEqual(judgeScale(scale).map(({ seen, met }) => [seen, met]), [['25.0 minutes', true], ['2.01 GB', false]]);
  const path = join(temporaryFolder(), 'scale.json');
  assert.equal(await readScale(about.origin, path), undefined);
  for (const [kept, expected] of [[scale, 1500], [{ ...scale, whole: false }, undefined], [{ ...scale, origin: { commit: 'other', changes: '' } }, undefined]] as const) {
    writeFileSync(path, JSON.stringify(kept));
    assert.equal((await readScale(about.origin, path))?.summary.seconds, expected);
  }
  assert.equal(assemble(about, kept, judgeScale(scale)).verdicts.at(-1)?.model, 'ResNet-152 topology');
});
