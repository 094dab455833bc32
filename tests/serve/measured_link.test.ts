// augment --targets with a link that is to be measured: against `offramp serve`, and what is refused.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { unzipPackage, type AugmentReport } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { exampleModel, offramp, start, temporaryFolder, writeSquares } from '../cli/command.js';
import { serving, writePackage } from './serving.js';
import { shapedProxy } from './shaped_proxy.js';
import { stagedPackage } from './staged_package.js';

const folder = temporaryFolder();
const at = (name: string): string => join(folder, name);
const output = at('out.offramp');
const data = ['--data', writeSquares(at('train.npz'), 200, 1), '--select', writeSquares(at('select.npz'), 100, 2), '--test', writeSquares(at('test.npz'), 100, 3)];
const command = (targets: string, ...more: string[]): string[] => ['augment', exampleModel, ...data, '--max-drop', '20', '--cost', 'latency', '--targets', targets, '-o', output, '--json', ...more];

type Link = Record<string, unknown>;
/** A slow device and a fast fog node, so that something crosses the link. */
function targetsFile(name: string, link: Link, url: string | undefined, more: Link[] = []): string {
  const targets = [{ name: 'device', kind: 'device', macs_per_s: 1e6 }, { name: 'fog', kind: 'fog', macs_per_s: 1e12, ...(url === undefined ? {} : { url }) },
    ...more.map((_, index) => ({ name: `next ${index}`, kind: 'cloud', macs_per_s: 1e12, url: 'http://127.0.0.1:1' }))];
  writeFileSync(at(name), JSON.stringify({ targets, links: [link, ...more] }));
  return at(name);
}

const served = writePackage(await stagedPackage(await loadNodeEngine()));

test('a link that is measured: told, reported, planned with and packaged', async () => {
  const { url } = await serving([served, '--stages', '1..'], { OFFRAMP_TOKEN: 'secret' });
  const proxy = await shapedProxy(url, { rttMs: 20, bytesPerS: 2e6 });
  try {
    const targets = targetsFile('measured.json', { speed: 'measured', encoding: 'f16' }, proxy.url);
    const { child, ended } = start(command(targets, '--epochs', '2'), { OFFRAMP_TOKEN: 'secret' });
    const { code, out, err } = await ended;
    assert.equal(child.exitCode, 0, err);
    assert.equal(code, 0);
    assert.match(err, new RegExp(`offramp: link to ${proxy.url} measured: [\\d.]+ ms there and back, [\\d.]+ Mbit/s, [\\d.]+ Mbit/s back; it serves stage_1, `));
    const schemas = new Ajv({ allowUnionTypes: true });
    schemas.addSchema(JSON.parse(readFileSync('tests/cli/schemas/plan.json', 'utf8')) as object);
    const valid = schemas.compile(JSON.parse(readFileSync('tests/cli/schemas/augment.json', 'utf8')) as object);
    const report = JSON.parse(out) as AugmentReport;
    assert.ok(valid(report), JSON.stringify(valid.errors));
    const [link, ...others] = report.measured_links ?? [];
    assert.ok(link !== undefined && others.length === 0);
    assert.deepEqual([link.from, link.to, link.url], ['device', 'fog', proxy.url]);
    // No link is faster than its shape; how much slower it looks is the machine's doing.
    assert.ok(link.rtt_ns >= 20e6 && link.bytes_per_s < 3e6, JSON.stringify(link));
    assert.ok(link.models.includes('from_1_u8'));
    const mapped = report.plan.mapped?.links[0];
    assert.ok(mapped !== undefined && mapped.cross_rate > 0, 'something crosses the link, else this tests little');
    assert.ok(Math.abs(mapped.ns - (link.rtt_ns + (mapped.bytes * 1e9) / link.bytes_per_s)) < 1, 'the plan is made with what was measured');
    const manifest = unzipPackage(readFileSync(output)).find(({ name }) => name === 'manifest.json');
    const { links, evidence } = JSON.parse(new TextDecoder().decode(manifest?.bytes)) as { links: { rtt_ns: number }[]; evidence: AugmentReport };
    assert.deepEqual(evidence.measured_links, report.measured_links);
    assert.ok(Math.abs((links[0]?.rtt_ns ?? 0) - link.rtt_ns) < 1);
    const refused = await offramp(...command(targets));
    assert.equal(refused.code, 5);
    assert.match(refused.err, /status 401: .*; hand in the token that it wants \(the command takes it from OFFRAMP_TOKEN\)/);
  } finally {
    proxy.close();
  }
});

for (const [what, code, file, message] of [
  ['a dead server', 5, () => targetsFile('dead.json', { speed: 'measured' }, 'http://127.0.0.1:1'),
    /link to http:\/\/127\.0\.0\.1:1: v2\/health\/live: .* cannot be reached: .*; start a server of the protocol there, such as offramp serve, or state bytes_per_s and rtt_ns of the link/],
  ['no url', 2, () => targetsFile('nowhere.json', { speed: 'measured' }, undefined), /targets > links\[0\]: it is to be measured, and targets\[1\] has no "url" to measure it with/],
  ['another word', 2, () => targetsFile('word.json', { speed: 'fast' }, 'http://127.0.0.1:1'), /targets > links\[0\]: "speed" must be "measured", got "fast"/],
  ['figures too', 2, () => targetsFile('both.json', { speed: 'measured', rtt_ns: 1 }, 'http://127.0.0.1:1'), /targets > links\[0\]: "speed" and "rtt_ns" contradict each other: leave one out/],
  ['a later link', 2, () => targetsFile('later.json', { rtt_ns: 1, bytes_per_s: 1 }, 'http://127.0.0.1:1', [{ speed: 'measured' }]),
    /targets > links\[1\]: this machine can measure the first link only: state "bytes_per_s" and "rtt_ns"/],
  ['what is no address', 2, () => targetsFile('no_url.json', { speed: 'measured' }, 'fog'), /link to fog: "fog" is no URL/],
] as const) {
  test(`a link that cannot be measured: ${what}`, async () => {
    const result = await offramp(...command(file()));
    assert.equal(result.code, code, result.err);
    assert.match(JSON.parse(result.out).error.context.concat(JSON.parse(result.out).error.message).join(' > ').replace(/ > (?=[^>]*$)/, ': '), message);
  });
}
