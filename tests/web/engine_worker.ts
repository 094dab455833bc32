// In the page's worker: loads the engine as a page would and answers one sample, or says why not.
import type { BrowserEngineOptions } from '@offramp/engine/browser';
import type { Engine } from '@offramp/engine';

export interface Question {
  options: BrowserEngineOptions;
  modelUrl: string;
  sample: number[];
  dims: number[];
}
export type Reply = { variant: string; threads: number; isolated: boolean; logits: number[] } | { code: string; message: string };

const scope = globalThis as unknown as {
  crossOriginIsolated: boolean;
  onmessage: (event: { data: Question }) => void;
  postMessage(reply: Reply): void;
};

async function answer({ options, modelUrl, sample, dims }: Question): Promise<Reply> {
  const host = '/checkout/wasm/dist/engine/hosts/browser.js';
  const { loadBrowserEngine } = (await import(host)) as { loadBrowserEngine: (options: BrowserEngineOptions) => Promise<Engine> };
  const engine = await loadBrowserEngine(options);
  try {
    const session = engine.createSession(new Uint8Array(await (await fetch(modelUrl)).arrayBuffer()));
    const [logits] = session.run([{ dtype: 'f32', dims, data: new Uint8Array(Float32Array.from(sample).buffer) }]);
    if (logits === undefined) throw new Error('no output');
    const { variant, threads } = engine;
    return { variant, threads, isolated: scope.crossOriginIsolated, logits: [...new Float32Array(logits.data.buffer, logits.data.byteOffset, 10)] };
  } finally {
    engine.dispose();
  }
}

scope.onmessage = ({ data }) => {
  void answer(data)
    .catch((thrown: { code?: string; message?: string }) => ({ code: thrown.code ?? 'none', message: thrown.message ?? String(thrown) }))
    .then((reply) => scope.postMessage(reply));
};
