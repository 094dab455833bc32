// Code that runs a package, ready to paste, for the places where packages run.

export type SnippetKind = 'web' | 'node' | 'gateway';

export interface SnippetFacts {
  /** The package's file. */
  file: string;
  /** Of a raw sample, with the batch in front. */
  dims: readonly number[];
  /** The first stage that runs elsewhere; none: all here. */
  remoteFrom?: number | undefined;
  remoteUrl?: string | undefined;
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n')}'`;

function session({ remoteFrom, remoteUrl }: SnippetFacts): string {
  const remotes = remoteFrom === undefined ? '[]' : `[{ url: ${quoted(remoteUrl ?? 'http://fog:8700')}, from: ${remoteFrom} }]`;
  return `const session = createStagedSession(engine, unzipPackage(bytes), { remotes: ${remotes} });`;
}

function answer({ dims }: SnippetFacts): string {
  return `const values = new Float32Array(${dims.reduce((product, size) => product * size, 1)}); // a sample as it comes: preprocessing is in the package
const sample = toRawTensor(values, [${dims.join(', ')}]);
const { predictedClass, probabilities, exit, trace } = await session.run(sample);
console.log({ predictedClass, confidence: probabilities[predictedClass], exit, macs: trace.macs });`;
}

const builders: Record<SnippetKind, (facts: SnippetFacts) => string> = {
  web: (facts) => `// In a module worker, so that the page stays responsive.
import { createStagedSession, toRawTensor, unzipPackage } from '@offramp/engine';
import { loadBrowserEngine } from '@offramp/engine/browser';

const engine = await loadBrowserEngine();
const bytes = new Uint8Array(await (await fetch(${quoted(facts.file)})).arrayBuffer());
${session(facts)}

${answer(facts)}`,
  node: (facts) => `import { readFileSync } from 'node:fs';
import { createStagedSession, toRawTensor, unzipPackage } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';

const engine = await loadNodeEngine();
const bytes = new Uint8Array(readFileSync(${quoted(facts.file)}));
${session(facts)}

${answer(facts)}
session.dispose();
engine.dispose();`,
  gateway: (facts) => {
    const file = `'${facts.file.replace(/'/g, `'\\''`)}'`;
    return `# On the gateway: the later stages, for devices that ask.
offramp serve ${file} --stages ${facts.remoteFrom ?? 1}..

# On the device: the first stages here, hard inputs go on to the gateway.
offramp run ${file} --input sample.npy --offload ${facts.remoteUrl ?? 'http://gateway:8700'}`;
  },
};

export function snippet(kind: SnippetKind, facts: SnippetFacts): string {
  return `${builders[kind](facts)}\n`;
}
