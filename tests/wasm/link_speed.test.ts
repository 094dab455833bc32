// Measuring a link: against servers whose way is simulated with a clock of its own, so that every figure is known.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureLink, type LinkFigures, type LinkOptions } from '@offramp/engine';
import { failure } from './samples.js';

interface FakeLink {
  rttMs: number;
  bytesPerS: number;
  backBytesPerS: number;
  name?: string;
  extensions?: string[];
  /** By name, elements of a row. None: the server does not list its models. */
  models?: Record<string, number>;
  computeMs?: number;
  /** Longest body that is taken. */
  most?: number;
  /** Added to each request by turns. */
  jitterMs?: number[];
  status?: number;
  liveStatus?: number;
}

interface Measured {
  figures: LinkFigures;
  /** Longest body. */
  longest: number;
  paths: Set<string>;
  seconds: number;
}

async function measure(link: FakeLink, options: Partial<LinkOptions> = {}): Promise<Measured> {
  let now = 0;
  let requests = 0;
  let longest = 0;
  const paths = new Set<string>();
  const answer = (status: number, json: unknown): { status: number; text: string } => ({ status, text: JSON.stringify(json) });
  const respond = (path: string, body: Uint8Array, headerLength: number): { status: number; text: string } => {
    if (link.status !== undefined) return answer(link.status, { error: 'no' });
    if (path === '/v2/health/live') return answer(link.liveStatus ?? 200, {});
    if (path === '/v2') return answer(200, { name: link.name ?? 'other', version: '1', extensions: link.extensions ?? [] });
    if (path === '/v2/repository/index') return link.models === undefined ? answer(404, {}) : answer(200, Object.keys(link.models).map((name) => ({ name, state: 'READY' })));
    const [, name = '', infer] = /^\/v2\/models\/([^/]+)(\/infer)?$/.exec(path) ?? [];
    const elements = link.models?.[name];
    if (body.length > (link.most ?? Infinity)) return answer(413, { error: 'too large' });
    if (elements === undefined) return answer(404, { error: `no model ${name}` });
    if (infer === undefined) return answer(200, { name, versions: ['1'], platform: 'x', inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, elements] }], outputs: [] });
    now += link.computeMs ?? 0;
    const { id } = JSON.parse(new TextDecoder().decode(body.subarray(0, headerLength))) as { id?: string };
    return answer(200, { model_name: name, id, outputs: [] });
  };
  const figures = await measureLink('http://fog:1', {
    now: () => now,
    client: {
      fetch: (url, init) => {
        const body = typeof init.body === 'string' ? new TextEncoder().encode(init.body) : (init.body as Uint8Array | undefined) ?? new Uint8Array(0);
        const path = new URL(url).pathname;
        paths.add(path);
        longest = Math.max(longest, body.length);
        const jitter = link.jitterMs ?? [0];
        now += link.rttMs + (1000 * body.length) / link.bytesPerS + (jitter[requests++ % jitter.length] as number);
        const headerLength = Number((init.headers as Record<string, string>)['Inference-Header-Content-Length'] ?? body.length);
        const { status, text } = respond(path, body, headerLength);
        now += (1000 * text.length) / link.backBytesPerS;
        return Promise.resolve(new Response(text, { status }));
      },
    },
    ...options,
  });
  return { figures, longest, paths, seconds: now / 1000 };
}

const near = (value: number | undefined, wanted: number, share = 0.01): void => {
  assert.ok(value !== undefined && Math.abs(value - wanted) <= share * wanted, `${value} is not near ${wanted}`);
};

const binary = ['binary_tensor_data'];
for (const rttMs of [1, 10, 100]) {
  for (const bytesPerS of [125e3, 1.25e6, 12.5e6]) {
    test(`there and back in ${rttMs} ms, ${bytesPerS} bytes/s: our own server and another one`, async () => {
      const shape = { rttMs, bytesPerS, backBytesPerS: 2 * bytesPerS, models: { long: 50_000, stage_1: 500 }, computeMs: 30, extensions: binary };
      for (const name of ['offramp', 'other']) {
        const { figures, seconds, paths } = await measure({ ...shape, name });
        assert.equal(figures.url, 'http://fog:1');
        assert.deepEqual(figures.models, ['long', 'stage_1']);
        const metadataMs = (1000 * 80) / shape.backBytesPerS;
        assert.ok(figures.rttNs >= rttMs * 1e6 && figures.rttNs <= (rttMs + metadataMs) * 1e6, `${figures.rttNs} ns`);
        near(figures.bytesPerS, bytesPerS);
        near(figures.backBytesPerS, shape.backBytesPerS);
        assert.ok(seconds < 20.1, `${seconds} s`);
        assert.equal(paths.has('/v2/models/offramp_link_probe/infer'), name === 'offramp');
        assert.ok(!paths.has('/v2/models/long/infer'), 'the shortest row is taken');
      }
    });
  }
}

test('a server that lists nothing: requests that it refuses, in JSON where it has no binary tensors', async () => {
  for (const extensions of [[], binary]) {
    const { figures, paths } = await measure({ rttMs: 20, bytesPerS: 6.25e6, backBytesPerS: 6.25e6, extensions });
    near(figures.bytesPerS, 6.25e6);
    assert.equal(figures.backBytesPerS, undefined);
    assert.deepEqual(figures.models, []);
    assert.ok(paths.has('/v2/models/offramp_link_probe/infer'));
  }
});

test('jitter: the medians stand', async () => {
  const { figures } = await measure({ rttMs: 20, bytesPerS: 1.25e6, backBytesPerS: 1.25e6, jitterMs: [0, 0, 3, 0, 200, 0, 1] });
  near(figures.rttNs, 20e6, 0.06);
  near(figures.bytesPerS, 1.25e6, 0.03);
});

test('a server that takes no long bodies is measured with shorter ones', async () => {
  const { figures, longest } = await measure({ rttMs: 1, bytesPerS: 1e9, backBytesPerS: 1e9, most: 100_000 });
  near(figures.bytesPerS, 1e9, 0.05);
  assert.ok(longest > 100_000);
  await assert.rejects(measure({ rttMs: 1, bytesPerS: 1e9, backBytesPerS: 1e9, most: 1000 }),
    failure('remote', 'link to http://fog:1: 16384 bytes do not pass: inference with "offramp_link_probe": status 413: too large; state bytes_per_s and rtt_ns of the link'));
});

test('a slow link ends the measurement early', async () => {
  const { figures, seconds, longest } = await measure({ rttMs: 300, bytesPerS: 2000, backBytesPerS: 2000 });
  near(figures.bytesPerS, 2000, 0.05);
  assert.ok(seconds < 60, `${seconds} s`);
  assert.ok(longest < 33_000);
});

test('what goes wrong is told with the server and what to do', async () => {
  const link = { rttMs: 1, bytesPerS: 1e6, backBytesPerS: 1e6 };
  const start = 'start a server of the protocol there, such as offramp serve, or state bytes_per_s and rtt_ns of the link';
  await assert.rejects(measure({ ...link, status: 401 }), failure('remote',
    'link to http://fog:1: v2/health/live: status 401: no; hand in the token that it wants (the command takes it from OFFRAMP_TOKEN)'));
  await assert.rejects(measure({ ...link, liveStatus: 503 }), failure('remote', `link to http://fog:1: http://fog:1 says that it is not live; ${start}`));
  await assert.rejects(measureLink('http://fog:1', { client: { fetch: () => Promise.reject(new Error('nobody there')) } }),
    failure('remote', `link to http://fog:1: v2/health/live: http://fog:1 cannot be reached: nobody there; ${start}`));
  await assert.rejects(measureLink('fog'), failure('invalid_argument', 'link to fog: "fog" is no URL'));
  await assert.rejects(measure(link, { signal: AbortSignal.abort() }), failure('cancelled', 'stopped before the end; nothing was written'));
});
