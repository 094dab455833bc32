// The client in Chromium, asking a fog server of another origin: preflights, binary tensors, exposed headers, tokens, and pages that may not ask.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { chromium } from 'playwright-core';
import { readPlan } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { stagedPackage } from '../serve/staged_package.js';
import { serving, writePackage } from '../serve/serving.js';

const engine = await loadNodeEngine();
const files = await stagedPackage(engine);
const runtime = engine.createRuntime(files);
const shape = [1, ...readPlan(runtime.manifest()).stages[2]?.inputShape ?? []];
const values = Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, at) => (at % 17) / 17);
const { url } = await serving([writePackage(files), '--stages', '2'], { OFFRAMP_TOKEN: 't' });

const pages = createServer((request, response) => {
  const name = /^\/([a-z_]+\.js)$/.exec(request.url ?? '')?.[1];
  response.setHeader('Content-Type', name === undefined ? 'text/html' : 'text/javascript');
  if (name === undefined) response.end('<!doctype html><script type="module">import { OipClient } from "/index.js"; globalThis.OipClient = OipClient;</script>');
  else createReadStream(`oip/dist/${name}`).pipe(response);
});
await new Promise<void>((resolve) => pages.listen(0, '0.0.0.0', resolve));
const { port } = pages.address() as AddressInfo;
const browser = await chromium.launch({ executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'] });
after(async () => {
  await browser.close();
  pages.closeAllConnections();
  pages.close();
});

interface Question {
  url: string;
  token: string;
  shape: number[];
  values: number[];
}
interface Told {
  logits?: number[];
  received?: number;
  kind?: string;
}

async function askFrom(origin: string, token: string): Promise<Told> {
  const context = await browser.newContext();
  const tab = await context.newPage();
  await tab.goto(origin);
  await tab.waitForFunction(() => 'OipClient' in globalThis);
  const told = await tab.evaluate(async (question: Question): Promise<Told> => {
    const { OipClient } = globalThis as unknown as typeof import('@offramp/oip');
    try {
      const client = new OipClient(question.url, { token: question.token });
      const inputs = [{ name: 'boundary', datatype: 'FP32' as const, shape: question.shape, data: Float32Array.from(question.values) }];
      const { outputs, bytesReceived } = await client.infer({ model: 'stage_2', inputs });
      return { logits: [...outputs[0]?.data as Float32Array], received: bytesReceived };
    } catch (thrown) {
      return { kind: (thrown as { kind?: string }).kind ?? String(thrown) };
    }
  }, { url, token, shape, values });
  await context.close();
  return told;
}

test('a page of this machine gets the stage\'s logits, as binary', async () => {
  const { logits } = runtime.runRows(2, { dtype: 'f32', dims: shape, data: new Uint8Array(Float32Array.from(values).buffer) });
  const told = await askFrom(`http://localhost:${port}/`, 't');
  assert.deepEqual(told.logits, [...new Float32Array(logits?.data.slice().buffer ?? new ArrayBuffer(0))]);
  assert.ok((told.received ?? 0) > 40);
});

test('a wrong token is read as one, across origins too', async () => {
  assert.deepEqual(await askFrom(`http://localhost:${port}/`, 'wrong'), { kind: 'unauthorized' });
});

test('a page of another origin gets nothing', async () => {
  assert.deepEqual(await askFrom(`http://127.0.0.2:${port}/`, 't'), { kind: 'unreachable' });
});
