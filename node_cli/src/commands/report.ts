// offramp report PACKAGE -o R.html
import { OfframpError, within, type JsonObject } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { readPackage } from '../inputs.js';
import type { CommandIo } from '../io.js';
import type { Arguments } from '../options.js';

type RenderReport = (manifest: JsonObject) => Promise<string>;

export async function report(args: Arguments, io: CommandIo): Promise<void> {
  const path = args.positional(0);
  const output = args.requiredText('output');
  await io.checkWritable(output);
  const files = await readPackage(path);
  const engine = await loadNodeEngine();
  const runtime = within(path, () => engine.createRuntime(files));
  let manifest: JsonObject;
  try {
    manifest = runtime.manifest();
  } finally {
    runtime.dispose();
  }
  const render = await loadRenderer();
  const bytes = new TextEncoder().encode(await render(manifest));
  await io.writeFile(output, bytes);
  io.err(`offramp: wrote ${output} (${bytes.length} bytes)\n`);
  if (args.has('json')) io.out(`${JSON.stringify({ output, bytes: bytes.length })}\n`);
}

async function loadRenderer(): Promise<RenderReport> {
  const where = '../report/render_report.js'; // loaded only when asked for: no other command pays for it
  try {
    return ((await import(where)) as { renderReport: RenderReport }).renderReport;
  } catch (thrown) {
    throw new OfframpError('internal', `the report generator cannot be loaded: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
