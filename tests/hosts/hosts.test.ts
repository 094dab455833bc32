// The same package answers the same on every host, bit for bit: each example of examples/ on the same rows, compared with this Node. The page docs/hosts.md is
// compared with what was seen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createStagedSession, type HostFeatures } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { without } from '../serve/staged_package.js';
import { askPage, openChromium, openFirefox, type OpenBrowser } from './browsers.js';
import { answerOf, makeFixture, readAnswers, rowCount, sampleDims, sampleOf } from './fixture.js';
import { announcedUrl, javascriptHosts, npmProgram, printedUrl, runProgram, startServer, versionOf } from './programs.js';
import { documentedLines, lineOf, page, printTable, type HostRow } from './table.js';

const fixture = await makeFixture();
const seen: HostRow[] = [];
const versions = new Map<string, string>();

/** A session whose device has stage 0 alone goes on at `url`, every row at once. */
async function assertEndpoint(url: string, where: string): Promise<void> {
  const engine = await loadNodeEngine();
  const session = createStagedSession(engine, without(fixture.files, 1, 2), { remotes: [{ url, name: where, from: 1 }], deadlineMs: 30_000 });
  const results = await Promise.all(fixture.expected.map((_, row) => session.run({ dtype: 'f32', dims: sampleDims, data: sampleOf(fixture, row) })));
  engine.dispose();
  assert.deepEqual(results.map(({ degraded }) => degraded), results.map(() => false));
  assert.deepEqual(results.map(answerOf), fixture.expected);
  for (const { exit, trace } of results) assert.equal(trace.stages.some((stage) => stage.where === where), exit > 0);
  const refused = await fetch(`${url}/v2/models/nothing/infer`, { method: 'POST', body: '{}' });
  assert.equal(refused.status, 404);
  assert.match((await refused.json() as { error: string }).error, /^unknown model "nothing"; served are stage_1 to stage_2 and from_1 to from_2/);
}

test('the rows leave at every stage', () => {
  assert.deepEqual([...new Set(fixture.expected.map(({ exit }) => exit))].sort(), [0, 1, 2]);
});

for (const { name, from, example, program, flags, server } of javascriptHosts) {
  test(`${name}: ${example} answers as this Node does, with and without threads`, { skip: program === undefined && 'it could not be had' }, async () => {
    if (program === undefined) return;
    const probe = await runProgram(program, [...flags, 'build/ts/tests/hosts/features_probe.js']);
    const features = JSON.parse(probe.out) as HostFeatures;
    for (const threads of [1, 2]) {
      const { out, err } = await runProgram(program, [...flags, example, fixture.zip, fixture.npy, String(threads)]);
      assert.equal(err.trim(), threads === 1 ? 'simd, threads: 1' : 'simd-threads, threads: 2');
      assert.deepEqual(readAnswers(out), fixture.expected);
    }
    if (server !== undefined) await assertEndpoint(await startServer(program, [...flags, ...server.flags, server.example, fixture.zip, '0'], printedUrl), name);
    versions.set(name, await versionOf(program));
    const how = `\`${example}\` with 1 and 2 threads${server === undefined ? '' : `; \`${server.example}\`, a fog endpoint for a session here`}`;
    seen.push({ host: name, from, simd: features.simd, relaxedSimd: features.relaxedSimd, threads: features.threads, same: true, how });
  });
}

const browsers: { name: string; from: string; open(): Promise<OpenBrowser | undefined> }[] = [
  { name: 'Chromium', from: 'Debian: chromium', open: openChromium }, { name: 'Firefox', from: 'Debian: firefox-esr', open: openFirefox },
];
for (const { name, from, open } of browsers) {
  test(`${name}: examples/browser answers as this Node does, with and without threads`, async (context) => {
    const browser = await open();
    if (browser === undefined) return context.skip('it could not be had');
    after(() => browser.close());
    let relaxedSimd = false;
    for (const threads of [1, 2]) {
      const { state, lines, features } = await askPage(browser, fixture, threads);
      assert.equal(state, threads === 1 ? 'simd, threads: 1' : 'simd-threads, threads: 2');
      assert.deepEqual(readAnswers(lines), fixture.expected);
      ({ relaxedSimd } = features);
    }
    versions.set(name, browser.version);
    seen.push({ host: name, from, simd: true, relaxedSimd, threads: true, same: true, how: '`examples/browser` in a page that is cross-origin isolated, with 1 and 2 threads' });
  });
}

const workerd = npmProgram('@cloudflare/workerd-linux-64/bin/workerd');
test('workerd: a staged session goes on at examples/workerd and answers as this Node does', { skip: workerd === undefined && 'it could not be had' }, async () => {
  if (workerd === undefined) return;
  await runProgram('sh', ['examples/workerd/build.sh', fixture.zip], { ESBUILD: npmProgram('.bin/esbuild') });
  await assertEndpoint(await startServer(workerd, ['serve', 'examples/workerd/config.capnp', '--socket-addr=http=127.0.0.1:0', '--control-fd=1'], announcedUrl), 'workerd');
  versions.set('workerd', await versionOf(workerd));
  seen.push({ host: 'workerd', from: 'npm: workerd', simd: true, relaxedSimd: undefined, threads: undefined, same: true, how: '`examples/workerd`, a fog endpoint for a session here' });
});

const wasmtime = process.env['OFFRAMP_WASMTIME'];
test('wasmtime: examples/wasmtime answers as this Node does', { skip: wasmtime === undefined && 'PyPI could not be reached' }, async () => {
  if (wasmtime === undefined) return;
  const { out } = await runProgram(wasmtime, ['examples/wasmtime/run.py', 'wasm/dist/wasi/offramp.wasm', fixture.zip, fixture.npy]);
  assert.deepEqual(readAnswers(out), fixture.expected);
  versions.set('wasmtime', (await runProgram(wasmtime, ['-c', 'import importlib.metadata; print(importlib.metadata.version("wasmtime"))'])).out.trim());
  seen.push({ host: 'wasmtime', from: 'PyPI: wasmtime', simd: true, relaxedSimd: undefined, threads: undefined, same: true, how: '`examples/wasmtime/run.py`, the C-ABI' });
});

const wasmedge = process.env['OFFRAMP_WASMEDGE'];
test('WasmEdge: examples/wasmedge answers as this Node does', { skip: wasmedge === undefined && 'it could not be had' }, async () => {
  if (wasmedge === undefined) return;
  const program = join(fixture.folder, 'wasmedge_run');
  const libraries = join(wasmedge, 'lib/x86_64-linux-gnu');
  await runProgram('cc', ['-O2', '-Wall', '-Wextra', '-Werror', 'examples/wasmedge/run.c', '-isystem', join(wasmedge, 'include'), '-L', libraries, '-Wl,--allow-shlib-undefined', '-lwasmedge', '-o', program]);
  // Through Debian 13's loader, whose C library WasmEdge was built for.
  const { out } = await runProgram(join(libraries, 'ld-linux-x86-64.so.2'),
    ['--library-path', libraries, program, 'wasm/dist/wasi/offramp.wasm', fixture.unpacked, fixture.raw, ...sampleDims.map(String)]);
  assert.deepEqual(readAnswers(out), fixture.expected);
  versions.set('WasmEdge', /"([\d.]+)"/.exec(readFileSync(join(wasmedge, 'include/wasmedge/version.h'), 'utf8'))?.[1] ?? 'unknown');
  seen.push({ host: 'WasmEdge', from: 'Debian 13: libwasmedge0', simd: true, relaxedSimd: undefined, threads: undefined, same: true, how: '`examples/wasmedge/run.c`, the C-ABI, interpreted' });
});

test(`${page} says what was seen on ${rowCount} rows`, () => {
  console.log(printTable(seen, versions));
  const documented = documentedLines();
  for (const row of seen) {
    // Node's oldest version stands in the page; a machine may have a newer one, which is tested all the same.
    if (row.from === 'Debian or npm' && row.host !== 'Node 20') continue;
    assert.equal(documented.get(row.host), lineOf(row));
  }
});
