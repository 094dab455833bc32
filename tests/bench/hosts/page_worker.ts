// The worker behind hosts/chromium.ts.
import type { HostTools } from '../engines/engine.js';
import { Subject, type Reply, type Request } from '../subject.js';

const scope = globalThis as unknown as {
  location: { origin: string };
  onmessage: (event: { data: Request }) => void;
  postMessage(reply: unknown): void;
};

const tools: HostTools = {
  kind: 'chromium',
  url: (path) => `${scope.location.origin}/checkout/${path}`,
  bytes: async (path) => {
    const response = await fetch(path.startsWith('/') ? scope.location.origin + path : tools.url(path));
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  },
};
const subject = new Subject(tools);

scope.onmessage = ({ data }) => {
  const request = data.kind === 'load' ? { ...data, input: { ...data.input, values: Float32Array.from(data.input.values) } } : data;
  void subject.answer(request).then((reply) => scope.postMessage(plain(reply)));
};

function plain(reply: Reply): unknown {
  return reply.kind === 'loaded' ? { ...reply, output: [...reply.output] } : reply;
}
