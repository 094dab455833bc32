// The targets step: its presets are the core's, what it writes the core accepts, a device is measured, and a server that cannot be
// reached is explained by what stands in the way.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import type { Page } from 'playwright-core';
import type { JsonObject } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { fromTargetsJson, nameProblem, toTargetsJson, withAnotherTarget, withoutTarget } from '../../web/src/steps/targets/draft.js';
import { draftOf, presets } from '../../web/src/steps/targets/presets.js';
import { addressProblem, failureReasons } from '../../web/src/steps/targets/why_unreachable.js';
import { logSteps, stepOf, valueOf } from '../../web/src/ui/log_scale.js';
import { openPage, pickFile } from './built_page.js';

const modelPath = 'examples/synthetic/heartbeats.onnx';
const servers: Server[] = [];
after(() => servers.forEach((server) => {
  server.close();
  server.closeAllConnections();
}));

test('the presets are the core\'s', () => {
  const source = readFileSync('core/read_targets.cpp', 'utf8');
  const known = [...source.matchAll(/\{"([a-z-]+)", R"\((.*?)\)"\}/gs)].map(([, id, json]) => [id, JSON.parse(json as string) as JsonObject] as const);
  assert.equal(known.length, 3);
  for (const [id, json] of known) assert.deepEqual(presets.find((preset) => preset.id === id)?.json, json, id);
});

test('targets go to JSON and back, and the core accepts what is written', async () => {
  const engine = await loadNodeEngine();
  const model = readFileSync(modelPath);
  const accept = (targets: JsonObject): void => engine.createAugmenter(model, { preprocess: [], targets, measured_macs_per_s: 1e9 }).dispose();
  for (const { id, json } of presets) {
    const draft = draftOf(id);
    assert.deepEqual(toTargetsJson(draft), json, id);
    accept(toTargetsJson(draft));
    const longer = withAnotherTarget({ ...draft, worstCaseLatencyNs: 5e9 });
    accept(toTargetsJson(longer));
    assert.deepEqual(fromTargetsJson(toTargetsJson(longer)), longer);
    assert.deepEqual(withoutTarget(longer, longer.targets.length - 1).targets, draft.targets);
    assert.equal(withoutTarget(longer, longer.targets.length - 1).links.length, draft.links.length);
  }
  const twice = draftOf('two-mcus');
  twice.targets[1]!.name = twice.targets[0]!.name;
  assert.equal(nameProblem(twice, 1), 'Another target has this name.');
  assert.throws(() => accept(toTargetsJson(twice)), /two targets have the name "m0plus"/);
  engine.dispose();
});

test('a slider\'s figures are round, keep its ends and come back to their step', () => {
  assert.equal(valueOf(0, 1e4, 1e9), 1e4);
  assert.equal(valueOf(logSteps, 1e4, 1e9), 1e9);
  for (let step = 0; step <= logSteps; step += 1) assert.ok(Math.abs(stepOf(valueOf(step, 1e6, 1e13), 1e6, 1e13) - step) <= 1, String(step));
  assert.equal(stepOf(1, 1e6, 1e13), 0);
});

test('addresses that cannot work are told before anything is sent', () => {
  const page = 'https://example.org/offramp/';
  assert.equal(addressProblem('fog:8700', page)?.title, 'fog:// is no address of a server');
  assert.equal(addressProblem('192.168.1.20:8700', page)?.title, 'This is no web address');
  assert.match(addressProblem('http://192.168.1.20:8700', page)?.title ?? '', /^The browser forbids it: this page came by https/);
  assert.equal(addressProblem('http://192.168.1.20:8700', 'http://127.0.0.1:4000/'), undefined);
  assert.equal(addressProblem('http://127.0.0.1:8700', page), undefined);
  assert.equal(addressProblem('https://fog.example.org', page), undefined);
  const texts = (...given: Parameters<typeof failureReasons>): string => failureReasons(...given).remedies.map(({ text, command = '' }) => `${text} ${command}`).join(' ');
  assert.match(texts('http://127.0.0.1:8700', page, false), /--port 8700.*permission/);
  assert.match(texts('http://fog:1', page, undefined), /--port 1 .*must allow https:\/\/example\.org/);
  assert.doesNotMatch(texts('http://fog:1', page, true), /--port/);
});

/** As much of the protocol as the step asks for. `allows`: whether pages of other addresses may read it. */
async function listen(allows: boolean): Promise<string> {
  const answers: Record<string, [number, unknown]> = {
    '/v2': [200, { name: 'test fog', version: '3', extensions: [] }], '/v2/health/live': [200, { live: true }], '/v2/repository/index': [200, [{ name: 'stage_1' }]],
  };
  const server = createServer((request, response) => {
    if (allows) response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*').setHeader('Access-Control-Allow-Headers', '*');
    request.resume().on('end', () => {
      const [status, body] = request.method === 'OPTIONS' ? [204, ''] : answers[request.url ?? ''] ?? [404, { error: 'no such path' }];
      response.setHeader('Content-Type', 'application/json').writeHead(status).end(status === 204 ? undefined : JSON.stringify(body));
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function openTargets(isolated: boolean): Promise<{ page: Page; problems: string[] }> {
  const opened = await openPage({ isolated });
  await pickFile(opened.page, 'Model file', modelPath);
  await opened.page.getByText('exit points').first().waitFor();
  await opened.page.getByRole('tab', { name: 'Targets' }).click();
  return opened;
}

test('this device is measured, a live server gives the link its figures, and the file says so', async () => {
  const url = await listen(true);
  const { page, problems } = await openTargets(true);
  await page.getByRole('button', { name: 'Measure this device' }).click();
  await page.getByText('on one thread: the whole model takes').waitFor();
  await page.getByRole('radio', { name: 'This device and a fog node' }).check();
  await page.getByLabel('Address of its server').fill(url);
  await page.getByRole('button', { name: 'Test the link' }).click();
  await page.getByText('It answers: test fog 3').waitFor();
  await page.getByText('It serves stage_1.').waitFor();
  await page.getByRole('button', { name: 'Use these figures for the link' }).click();
  await page.getByLabel('No answer may take longer than a limit').check();
  await page.getByRole('slider', { name: 'Longest time of an answer' }).press('ArrowRight');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as targets.json' }).click();
  const saved = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as { targets: JsonObject[]; links: JsonObject[]; limits: JsonObject };
  assert.equal(saved.targets[1]?.['url'], url);
  assert.ok(Number(saved.links[0]?.['rtt_ns']) > 0 && Number(saved.links[0]?.['rtt_ns']) < 20_000_000, JSON.stringify(saved.links));
  assert.ok(Number(saved.links[0]?.['bytes_per_s']) > 6_250_000, JSON.stringify(saved.links));
  assert.ok(Number(saved.limits['worst_case_latency_ns']) > 2e8);
  await page.getByRole('button', { name: 'Go on to the data' }).click();
  await page.getByRole('heading', { name: 'Data' }).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('a server that is not there and one that does not let the page in are told apart, where the browser tells', async () => {
  const closed = await listen(false);
  for (const [isolated, url, told] of [[false, closed, 'but does not let this page read it'], [false, 'http://127.0.0.1:1', 'Nothing answers at'], [true, closed, 'that this page may read']] as const) {
    const { page } = await openTargets(isolated);
    await page.getByRole('radio', { name: 'This device and a fog node' }).check();
    await page.getByLabel('Address of its server').fill(url);
    await page.getByRole('button', { name: 'Test the link' }).click();
    await page.getByText(told).waitFor();
    await page.context().close();
  }
});

test('a file that is no targets.json says what is wrong with it, and what stood there stays', async () => {
  const { page } = await openTargets(true);
  await page.getByRole('radio', { name: 'Two microcontrollers' }).check();
  const hand = (text: string): Promise<void> => pickFile(page, 'targets.json', { name: 'targets.json', mimeType: 'application/json', buffer: Buffer.from(text) });
  await hand('{"targets": [');
  await page.getByText('is not JSON').waitFor();
  await hand('{"targets": [{"name": "a", "kind": "toaster", "macs_per_s": 1}]}');
  await page.getByText('"kind" must be').waitFor();
  assert.equal(await page.getByLabel('Name').first().inputValue(), 'm0plus');
  const fog = { name: 'fog', kind: 'fog', macs_per_s: 2e10, url: 'http://127.0.0.1:1' };
  await hand(JSON.stringify({ targets: [{ name: 'here', kind: 'device', speed: 'measured' }, fog], links: [{ speed: 'measured', encoding: 'u8' }] }));
  await page.getByText('This file wants a link measured').waitFor();
  await hand(JSON.stringify({ targets: [{ name: 'board', kind: 'device', macs_per_s: 5e6 }] }));
  await page.getByRole('region', { name: 'Target 1: board' }).waitFor();
  await page.context().close();
});
