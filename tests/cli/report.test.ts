// The report: what it says, that it cannot be injected into, and that it needs nothing from outside.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { renderReport } from 'offramp/report/render_report';
import { makeManifest, type Json } from './report_fixture.js';

const kSections = ['trade-off', 'exits', 'network', 'reliability', 'places', 'classes', 'comparison', 'method', 'limits', 'terms'];

const countOf = (text: string, part: string | RegExp): number => text.split(part).length - 1;
const plain = (html: string): string =>
  html.replace(/<(style|svg)\b[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]*>/g, '').replace(/&#39;/g, "'").replace(/&nbsp;|[\u00a0\u202f\s]+/g, ' ');
const render = (change: (manifest: Json) => void = () => {}): Promise<string> => {
  const manifest = makeManifest();
  change(manifest);
  return renderReport(manifest);
};

test('all sections are there, in order, with their drawings', async () => {
  const page = await render();
  assert.deepEqual([...page.matchAll(/<section id="([^"]+)"/g)].map((m) => m[1]), kSections);
  assert.equal(countOf(page, /<svg [^>]*class="plot"/), 8, 'trade-off, exits and places twice, reliability of two exits');
  assert.equal(countOf(page, '<svg class="drawing"'), 3, 'blocks for wide and narrow screens, all operators');
  assert.equal(countOf(page, '<svg class="bar"'), 10, 'one per class');
  assert.equal(countOf(page, '<svg'), countOf(page, '</svg>'));
});

test('the headline says what the plan does, on which rows, and how sure that is', async () => {
  const text = plain(await render());
  assert.match(text, /Your model answers 59\.2 % of inputs early\. It spends 34\.6 % fewer multiply-accumulates and loses 0\.58 pp of accuracy\./);
  assert.match(text, /95 % interval of the accuracy change: −0\.85 to −0\.32 pp, measured on 6 000 rows that nothing was chosen on\./);
  assert.match(text, /the mean answer took 4\.02 ms instead of 6\.31 ms \(36\.3 % less\)/);
  assert.match(text, /Certificate: none asked for\./);
  assert.match(text, /It expected 89\.2 % accuracy of itself and reached 83\.9 %: its prediction was 5\.3 pp too high\./);
  assert.doesNotMatch(text, /The limit did not hold here|NaN|undefined|Infinity|\[object/);
});

test('what the search remarked is told among the limits', async () => {
  const page = await render((m) => (m['evidence'].remarks = ['no test rows of class <Q>: nothing is measured of it', 7]));
  assert.match(page, /<li>No test rows of class &lt;Q&gt;: nothing is measured of it\.<\/li>/);
});

test('a limit that test rows break is told at the top', async () => {
  const page = await render((m) => (m['evidence'].plan.harm_pp = 1.4));
  assert.match(plain(page), /The limit did not hold here\. Harm on the test rows is 1\.40 pp; the limit was 1 pp\./);
  const barely = await render((m) => (m['evidence'].plan.harm_pp = 1.02));
  assert.match(plain(barely), /Just over the limit here, by no more than chance\. Harm on the test rows is 1\.02 pp; the limit was 1 pp\./);
  const byAccuracy = await render((m) => {
    m['evidence'].plan.harm_pp = 1.4;
    m['evidence'].search.rule = 'accuracy';
  });
  assert.doesNotMatch(plain(byAccuracy), /did not hold/);
});

test("the packaged plan may be the paper's", async () => {
  const text = plain(await render((m) => (m['evidence'].evidence.packaged = 'paper_method')));
  assert.match(text, /It spends 45\.7 % fewer multiply-accumulates and loses 9\.23 pp of accuracy/);
  assert.match(text, /This package holds the plan of the paper's method, as asked, not Offramp's own\./);
  assert.match(text, /The paper's method weighs accuracy against compute and keeps no limit\./);
});

test('names and labels cannot inject', async () => {
  const bad = `</title></style></svg><script>alert(1)</script><img src=x onerror="alert(1)">'"&\u202e`;
  const page = await render((m) => {
    const e = m['evidence'];
    m['name'] = bad;
    m['model'].labels = m['model'].labels.map(() => bad);
    for (const plan of [e.plan, e.paper_method]) {
      for (const exit of plan.exits) Object.assign(exit, { at: bad, head: bad, score: bad });
      plan.mapping = [{ target: bad, from: 0, to: 2 }];
    }
    for (const point of e.evidence.exit_points) {
      point.at = bad;
      point.shape = [bad];
      for (const head of point.heads) head.head = bad;
    }
    for (const node of e.evidence.network) Object.assign(node, { name: bad, op: bad, shape: [bad] });
    for (const one of e.evidence.reliability) Object.assign(one, { at: bad, head: bad });
    for (const plan of e.pareto) plan.exits = [bad];
    e.plan.certificate = { [bad]: bad };
    e.search.rule = bad;
    e.search.seconds = { [bad]: 1 };
  });
  assert.ok(!page.includes('<script') && !page.includes('<img') && !page.includes('\u202e'));
  assert.equal(countOf(page, '<style>'), 1);
  assert.equal(countOf(page, '</style>'), 1);
  assert.equal(countOf(page, '</title></head>'), 0);
  assert.equal(countOf(page, /<svg\b/), countOf(page, '</svg>'));
  for (const tag of page.matchAll(/<[a-z][^<>]*>/gi)) assert.doesNotMatch(tag[0], /\son\w+\s*=/i);
  assert.equal((await render((m) => (m['model'].labels = ['__proto__', 'constructor'].concat(m['model'].labels.slice(2))))).includes('constructor'), true);
});

test('a certificate is said in plain words, and one that could not be given is not hidden', async () => {
  const given = plain(await render((m) => {
    m['evidence'].plan.certificate = { alpha: 0.01, rows: 500, plain: 'with 95 % confidence, all is well' };
  }));
  assert.match(given, /Certificate: with 95 % confidence, all is well\./);
  const none = plain(await render((m) => {
    m['evidence'].search.certify = { plain: 'no certificate: too few rows' };
    m['evidence'].remarks = ['no certificate: too few rows'];
  }));
  assert.match(none, /Certificate: none\. It was asked for; the remarks say why there is none\..*No certificate: too few rows\./s);
});

test('hostile numbers and graphs neither hang nor show', async () => {
  const page = await render((m) => {
    const e = m['evidence'];
    e.plan.mean_latency_ns = 'soon';
    e.plan.accuracy_95 = [null, 1];
    e.evidence.network = Array.from({ length: 30000 }, (_, i) => ({ name: `n${i}`, op: 'Add', macs: 1, inputs: [i, i + 1, -1, 0.5, i - 1, null, 1e99] }));
    e.evidence.exit_points[3].macs = -5;
    e.evidence.exit_points.push(null, 7, { at: 3 });
    e.pareto.push(null, { accuracy: 2 }, { accuracy: 0.1, mean_macs: 1 });
  });
  assert.match(plain(page), /The backbone has 20 000 operators, too many to draw one by one\./);
  assert.doesNotMatch(page, /NaN|undefined|Infinity|\[object/);
});

test('missing members leave gaps, not holes', async () => {
  const least = { evidence: { base: { accuracy: 0.9, macs: 1e6 }, plan: { accuracy: 0.89, mean_macs: 5e5 } } };
  const text = plain(await renderReport(least));
  assert.match(text, /No early exit saves enough within what you allow to lose, so your model runs as it is\./);
  assert.match(text, /The paper's method was not run\./);
  assert.match(text, /Latency was not measured/);
  assert.match(text, /The package does not hold the backbone's operators\./);
  assert.doesNotMatch(text, /NaN|undefined|Infinity|null/);
  const page = await render((m) => {
    const e = m['evidence'];
    m['model'].labels = [];
    e.plan.mean_latency_ns = null;
    e.base.mean_latency_ns = null;
    e.plan.exits[1].accuracy = null;
    e.plan.class_recall_change_pp[4] = null;
    e.paper_method = null;
    e.evidence.exit_points = [];
  });
  assert.match(plain(page), /class 3/);
  assert.match(plain(page), /One class has no test rows; nothing is known about it\./);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

test('a plan without exits is told as such', async () => {
  const text = plain(await renderReport(makeManifest({ exitBlocks: [] })));
  assert.match(text, /No early exit saves enough/);
  assert.match(text, /The plan has no early exit: every input runs through the whole backbone\./);
});

test('many classes and many places stay readable', async () => {
  const page = await renderReport(makeManifest({ classes: 200, blocksPerStage: 18, exitBlocks: [20] }));
  assert.match(plain(page), /Largest losses/);
  assert.match(plain(page), /All 200 classes/);
  const drawing = page.slice(page.indexOf('<section id="network"'), page.indexOf('</figure>', page.indexOf('<section id="network"')));
  assert.equal(countOf(drawing, 'class="box"'), 10, 'five boxes, twice');
});

test('same manifest, same bytes', async () => {
  assert.equal(await render(), await render());
});

test('nothing comes from elsewhere, and the policy allows exactly the one style sheet', async () => {
  const page = await render();
  const addresses = new Set(page.match(/[a-z]+:\/\/[^\s"'<>)]*/gi) ?? []);
  assert.deepEqual([...addresses].filter((a) => a !== 'http://www.w3.org/2000/svg' && a !== 'http://www.w3.org/1999/xlink'), []);
  assert.doesNotMatch(page, /<script|<link|<iframe|<img|\ssrc=|\shref=|url\(|@import|\sstyle="/i);
  const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  assert.ok(page.includes(`content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`));
});

test('a package without evidence is refused by name', async () => {
  const refused = (manifest: unknown, message: RegExp): Promise<void> =>
    assert.rejects(renderReport(manifest), (error: Json) => error['code'] === 'invalid_package' && message.test(error['message']));
  for (const manifest of [undefined, null, 7, [], {}, { evidence: null }, { evidence: {} }])
    await refused(manifest, /^this package holds no evidence \(manifest\.json has no "evidence" object with members\), so there is nothing to report; make the package with `offramp augment`$/);
  await refused({ evidence: { base: {} } }, /^this package holds no evidence for a report: evidence\.base\.accuracy must be a number$/);
  await refused({ evidence: { base: { accuracy: 1, macs: 0 } } }, /evidence\.base\.macs must be a number above 0$/);
  await refused({ evidence: { base: { accuracy: 1, macs: 5 }, plan: {} } }, /evidence\.plan\.accuracy and evidence\.plan\.mean_macs must be numbers$/);
});
