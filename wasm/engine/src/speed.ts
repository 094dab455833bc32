// This machine's speed on the user's own model: measured, not declared.
import { seededInput } from './bench.js';
import type { Engine } from './engine.js';
import type { Backend, PackageFile } from './raw_module.js';
import type { RawTensor } from './tensor.js';
import { percentile, timeByTurns } from './timing.js';

const runs = 20;

/** MACs per second of whole calls of the model, at the engine's present number of threads. Errors: as createSession. */
export async function measureSpeed(engine: Engine, model: Uint8Array, backend: Backend, signal: AbortSignal | undefined): Promise<number> {
  const inspected = engine.inspect(model);
  const session = engine.createSession(model, backend);
  try {
    const input = inspected.inputs.map(seededInput);
    const [times] = await timeByTurns([() => void session.run(input)], { runs, signal });
    return (inspected.macs * 1e9) / percentile(times as number[], 0.5);
  } finally {
    session.dispose();
  }
}

/** Median nanoseconds of each stage on this machine, on one made-up sample that goes all the way. */
export async function measureStages(engine: Engine, files: readonly PackageFile[], backend: Backend, signal: AbortSignal | undefined): Promise<number[]> {
  const bytesOf = (name: string): Uint8Array => files.find((file) => file.name === name)?.bytes as Uint8Array;
  const manifest = JSON.parse(new TextDecoder().decode(bytesOf('manifest.json'))) as { stages: { file: string }[] };
  const stages = manifest.stages.map(({ file }) => ({ inspected: engine.inspect(bytesOf(file)), session: engine.createSession(bytesOf(file), backend) }));
  try {
    let given: RawTensor[] = (stages[0]?.inspected.inputs ?? []).map(seededInput);
    const calls = stages.map(({ inspected, session }) => {
      const input = given;
      const boundary = inspected.outputs.findIndex(({ name }) => name === 'boundary' || name === 'next_boundary');
      given = session.run(input).slice(boundary, boundary + 1);
      return () => void session.run(input);
    });
    const times = await timeByTurns(calls, { runs, signal });
    return times.map((own) => Math.round(percentile(own, 0.5)));
  } finally {
    for (const { session } of stages) session.dispose();
  }
}
