// A package on the page: opened from a file, run on rows and beside a fog server, evaluated, and taken away again; what is no package is refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unzipSync, zipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { evaluateRows, toRawTensor, unzipPackage, zipPackage, type PackageFile } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { offramp, temporaryFolder } from '../cli/command.js';
import { encodeNpy } from '../cli/npy_writer.js';
import { serving, writePackage } from '../serve/serving.js';
import { stagedPackage } from '../serve/staged_package.js';
import { fashionRows } from '../wasm/support/fashion_mnist.js';
import { openPage, pickFile } from './built_page.js';

const rowCount = 10; // so few that the page shows all of them at once
const engine = await loadNodeEngine();
const files = await stagedPackage(engine);
const packagePath = writePackage(files);
const folder = temporaryFolder();
const { values, labels } = fashionRows('t10k', 0, rowCount);
const rowsPath = join(folder, 'rows.npz');
writeFileSync(rowsPath, zipSync({
  'x.npy': encodeNpy('<f4', [rowCount, 1, 28, 28], new Uint8Array(values.buffer)), 'y.npy': encodeNpy('<i4', [rowCount], new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength)),
}));

const tolerance = 1e-5;
const runtime = engine.createRuntime(files);
const expected = Array.from({ length: rowCount }, (_, row) => runtime.run(toRawTensor(values.slice(row * 784, (row + 1) * 784), [1, 1, 28, 28])));

async function openPackagePage(): Promise<{ page: Page; problems: string[] }> {
  const { page, problems } = await openPage();
  await pickFile(page, 'Package', packagePath);
  await page.getByRole('heading', { name: 'Where inputs leave' }).waitFor();
  return { page, problems };
}

async function toRows(page: Page): Promise<void> {
  await page.getByRole('tab', { name: 'Run' }).click();
  await page.getByRole('radio', { name: 'Samples' }).check({ force: true });
  await pickFile(page, 'Labelled samples', rowsPath);
  await page.locator('[data-row]').nth(rowCount - 1).waitFor();
}

interface Shown {
  stage: number;
  probability: number;
}

/** Runs a row; the tally tells when its answer is there. */
async function answerTo(page: Page, row: number): Promise<Shown> {
  const tally = page.getByTestId('tally').locator('dd').first();
  const before = await tally.isVisible() ? Number(await tally.textContent()) : 0;
  await page.locator(`[data-row="${row}"]`).click();
  await tally.and(page.getByText(String(before + 1), { exact: true })).waitFor();
  const answer = page.getByTestId('answer');
  return { stage: Number(await answer.getAttribute('data-stage')), probability: Number(await answer.getAttribute('data-probability')) };
}

const near = (shown: number, value: number): void => assert.ok(Math.abs(shown - value) <= tolerance, `${shown} is not ${value}`);

test('a package made under Node gives the same answers on the page, row by row and all at once', async () => {
  const { page, problems } = await openPackagePage();
  await toRows(page);
  for (const [row, answer] of expected.entries()) {
    const shown = await answerTo(page, row);
    assert.equal(shown.stage, answer.exit, `row ${row}`);
    near(shown.probability, answer.probabilities[answer.predictedClass] ?? NaN);
    assert.equal(await page.getByTestId('answer').textContent(), `class ${answer.predictedClass}`);
  }
  await page.getByRole('button', { name: /^Evaluate/ }).click();
  await page.getByTestId('evaluation').waitFor();
  const data = { name: 'rows', x: toRawTensor(values, [rowCount, 1, 28, 28]), y: labels };
  const { report, answers } = await evaluateRows(engine, { package: files }, data);
  const cells = await page.getByTestId('evaluation').locator('tbody tr').first().locator('td').allTextContents();
  assert.deepEqual(cells.slice(1, 3).map((cell) => parseFloat(cell)), [100 * report.base_accuracy, 100 * report.accuracy]);
  const matrix = page.getByTestId('confusion');
  for (const [row, answer] of (answers.staged ?? []).entries()) {
    const cell = matrix.locator('tbody tr').nth(labels[row] ?? -1).locator('td').nth(answer);
    const same = [...labels].filter((label, other) => label === labels[row] && answers.staged?.[other] === answer).length;
    assert.equal(await cell.textContent(), String(same));
  }
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('a package taken from the page is byte for byte the one it was, and the command reads it; its other forms are there too', async () => {
  const { page, problems } = await openPackagePage();
  await page.getByRole('tab', { name: 'Run' }).click();
  const take = async (title: string): Promise<{ name: string; bytes: Uint8Array }> => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: `Download: ${title}` }).click()]);
    return { name: download.suggestedFilename(), bytes: new Uint8Array(readFileSync(await download.path())) };
  };
  const taken = await take('The package');
  assert.deepEqual(Buffer.from(taken.bytes).equals(zipPackage(files)), true);
  const path = join(folder, taken.name);
  writeFileSync(path, taken.bytes);
  const { code, out, err } = await offramp('evaluate', path, '--data', rowsPath, '--json');
  assert.equal(code, 0, err);
  assert.equal((JSON.parse(out) as { samples: number }).samples, rowCount);
  const report = new TextDecoder().decode((await take('The report')).bytes);
  assert.match(report, /^<!doctype html>/);
  assert.match(report, /early-exit report/);
  const reported = join(folder, 'report.html');
  assert.equal((await offramp('report', packagePath, '-o', reported)).code, 0);
  const drawings = (html: string): string[] => html.match(/<svg[\s\S]*?<\/svg>/g) ?? [];
  assert.deepEqual(drawings(report), drawings(readFileSync(reported, 'utf8')), 'the page draws what the command draws');
  const single = await take('One ONNX file');
  assert.ok(single.name.endsWith('.onnx') && single.bytes.length > 1e5);
  const repository = Object.keys(unzipSync((await take('Model repository')).bytes));
  assert.ok(repository.includes('stage_0/1/model.onnx') && repository.includes('stage_0/config.pbtxt'), repository.join());
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('the snippet for Node runs as it stands, and the one for gateways is the command\'s', async () => {
  const { page } = await openPackagePage();
  await page.getByRole('tab', { name: 'Run' }).click();
  await page.getByRole('radio', { name: 'Node' }).check({ force: true });
  const code = await page.getByLabel('Code', { exact: true }).textContent() ?? '';
  const place = mkdtempSync('build/snippet-'); // inside the checkout, where its imports are found
  try {
    const name = /readFileSync\('(.*)'\)/.exec(code)?.[1] ?? '';
    writeFileSync(join(place, name), zipPackage(files));
    writeFileSync(join(place, 'snippet.mjs'), code);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['snippet.mjs'], { cwd: place, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const blank = runtime.run(toRawTensor(new Float32Array(784), [1, 1, 28, 28]));
    assert.match(stdout, new RegExp(`predictedClass: ${blank.predictedClass},[\\s\\S]*exit: ${blank.exit},`));
  } finally {
    rmSync(place, { recursive: true });
  }
  await page.getByRole('radio', { name: 'Gateway' }).check({ force: true });
  const lines = (await page.getByLabel('Code', { exact: true }).textContent() ?? '').split('\n').filter((line) => line.startsWith('offramp '));
  for (const line of lines) {
    const [, command = ''] = line.split(' ');
    const { out } = await offramp(command, '--help');
    for (const [flag] of line.matchAll(/--[a-z]+/g)) assert.ok(out.includes(flag), `${command} has no ${flag}`);
  }
  assert.equal(lines.length, 2);
  await page.context().close();
});

test('hard inputs go to a fog server, and when it goes away answers say why they are degraded', async () => {
  const server = await serving([packagePath, '--stages', '1..']);
  const { page } = await openPackagePage();
  await toRows(page);
  await page.getByLabel('Address').fill(server.url);
  await page.getByRole('button', { name: 'Try the connection' }).click();
  await page.getByText('It answers', { exact: true }).waitFor();
  await page.getByRole('switch').check();
  const hard = expected.findIndex(({ exit }) => exit > 0);
  assert.ok(hard >= 0, 'no row goes on');
  const there = await answerTo(page, hard);
  assert.equal(there.stage, expected[hard]?.exit);
  near(there.probability, expected[hard]?.probabilities[expected[hard].predictedClass] ?? NaN);
  await page.getByText(/bytes went to http:/).waitFor();
  assert.equal(await page.getByTestId('degraded').count(), 0);
  server.kill('SIGKILL');
  await server.ended;
  const alone = await answerTo(page, hard);
  await page.getByText('Degraded: finished on this device').waitFor();
  assert.match(await page.getByTestId('degraded').textContent() ?? '', /cannot be reached/);
  near(alone.probability, there.probability);
  await page.getByRole('button', { name: 'Try the connection' }).click();
  await page.getByText(/^No answer from 127\.0\.0\.1:/).waitFor();
  await page.getByRole('switch').uncheck();
  await answerTo(page, hard);
  assert.equal(await page.getByTestId('degraded').count(), 0);
  await page.context().close();
});

test('what is no package is refused in words, and the page goes on', async () => {
  const { page } = await openPage();
  const zipped = (change: (all: PackageFile[]) => PackageFile[]): Buffer => {
    const entries: Record<string, Uint8Array> = {};
    for (const { name, bytes } of change(unzipPackage(zipPackage(files)))) entries[name] = bytes;
    return Buffer.from(zipSync(entries));
  };
  const whole = Buffer.from(zipPackage(files));
  const cases: [string, Buffer, RegExp][] = [
    ['empty.offramp', Buffer.alloc(0), /not a zip file/],
    ['model.offramp', readFileSync('examples/fashion_mnist/base.onnx'), /not a zip file/],
    ['cut.offramp', whole.subarray(0, whole.length / 2), /damaged zip/],
    ['bare.offramp', zipped((all) => all.filter(({ name }) => name !== 'manifest.json')), /no manifest\.json/],
    ['other.offramp', zipped((all) => [...all, { name: 'virus.exe', bytes: new Uint8Array(1) }]), /"virus\.exe"/],
    ['flipped.offramp', zipped((all) => all.map(({ name, bytes }) => (name === 'stages/1.onnx' ? { name, bytes: bytes.map((byte, at) => (at === 5000 ? byte ^ 1 : byte)) } : { name, bytes }))), /stages\/1\.onnx/],
    ['missing.offramp', zipped((all) => all.filter(({ name }) => name !== 'stages/2.onnx')), /stages\/2\.onnx/],
    ['words.offramp', zipped((all) => all.map(({ name, bytes }) => (name === 'manifest.json' ? { name, bytes: new TextEncoder().encode('{') } : { name, bytes }))), /manifest\.json/],
  ];
  for (const [name, buffer, why] of cases) {
    await pickFile(page, 'Package', { name, mimeType: 'application/octet-stream', buffer });
    const alert = page.getByRole('alert').filter({ hasText: 'This package cannot be opened' }).filter({ hasText: name.replace('.offramp', '') });
    await alert.waitFor();
    assert.match(await alert.textContent() ?? '', why, name);
    assert.equal(await page.getByRole('tab', { name: 'Plan' }).getAttribute('aria-disabled'), 'true');
  }
  await pickFile(page, 'Package', packagePath);
  await page.getByRole('heading', { name: 'Where inputs leave' }).waitFor();
  assert.equal(await page.getByRole('alert').count(), 0);
  await page.context().close();
});

test('a package without evidence runs, and what cannot be told of it is said', async () => {
  const { page, problems } = await openPage();
  const bare = files.map(({ name, bytes }) => {
    if (name !== 'manifest.json') return { name, bytes };
    return { name, bytes: new TextEncoder().encode(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(bytes)) as object, evidence: {} })) };
  });
  await pickFile(page, 'Package', { name: 'bare.offramp', mimeType: 'application/zip', buffer: Buffer.from(zipPackage(bare)) });
  await page.getByText('This package holds no evidence').waitFor();
  await toRows(page);
  const { stage, probability } = await answerTo(page, 0);
  assert.equal(stage, expected[0]?.exit);
  near(probability, expected[0]?.probabilities[expected[0].predictedClass] ?? NaN);
  await page.getByRole('button', { name: 'Download: The report' }).click();
  await page.getByText('This form cannot be made').waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});

test('other plans of an opened package are told as far as it knows them', async () => {
  const { page, problems } = await openPackagePage();
  const slider = page.getByRole('slider');
  await slider.focus();
  await slider.press('Home');
  await page.getByText('This package holds the heads of its own plan only').waitFor();
  assert.match(await slider.getAttribute('aria-valuetext') ?? '', /% accuracy, .* MACs$/);
  assert.equal(await page.getByRole('button', { name: 'Use this plan' }).count(), 0);
  await page.getByRole('button', { name: 'Back to the search\'s choice' }).click();
  await page.getByRole('heading', { name: 'Where inputs leave' }).waitFor();
  assert.deepEqual(problems, []);
  await page.context().close();
});
