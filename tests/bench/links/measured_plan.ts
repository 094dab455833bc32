// A plan as it runs: the device held back to a speed, the later stages on `offramp serve` behind a shaped link.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPlan, sliceDataset, StagedSession, zipPackage, type Dataset, type Engine, type PackageFile, type RawTensor, type Runtime } from '@offramp/engine';
import type { Shape } from '../../serve/shaped_proxy.js';
import { startServer } from '../serve/server.js';
import { median } from '../statistics.js';
import { shapedLink } from './shaped_link.js';

const warmUpRows = 30;
const repeats = 3;
const deadlineMs = 60_000;

/** A runtime whose stages take no less time than their MACs at a speed. */
export function heldBack(runtime: Runtime, macsPerS: number): Runtime {
  const slow = <A extends unknown[], R>(work: (...args: A) => R) => (...args: A): R => {
    const before = runtime.executedMacs();
    const start = performance.now();
    const result = work(...args);
    const due = start + ((runtime.executedMacs() - before) * 1000) / macsPerS;
    while (performance.now() < due);
    return result;
  };
  const begin = slow((x: RawTensor) => runtime.begin(x));
  const runStage = slow((stage: number, boundary: RawTensor) => runtime.runStage(stage, boundary));
  return new Proxy(runtime, {
    get: (target, key) => {
      if (key === 'begin') return begin;
      if (key === 'runStage') return runStage;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
    },
  });
}

export interface MeasuredPlan {
  /** Mean over rows of the median of some runs. */
  meanNs: number;
  crossRate: number;
  degraded: number;
}

/** Rows go one at a time. `deviceMacsPerS`: no less than the machine's own speed changes nothing. */
export async function measurePlan(engine: Engine, files: PackageFile[], data: Dataset, shape: Shape, deviceMacsPerS: number): Promise<MeasuredPlan> {
  const runtime = engine.createRuntime(files);
  const plan = readPlan(runtime.manifest());
  const [here] = plan.mapping;
  const from = here === undefined ? plan.stages.length : here.to;
  const folder = await mkdtemp(join(tmpdir(), 'offramp-links-'));
  const path = join(folder, 'package.offramp');
  await writeFile(path, zipPackage(files));
  const away = from < plan.stages.length ? await startServer(path, `${from}..`) : undefined;
  const link = away && await shapedLink(away.url, shape);
  try {
    const session = new StagedSession(engine, heldBack(runtime, deviceMacsPerS), { remotes: link === undefined ? [] : [{ url: link.url, from }], deadlineMs });
    const samples = Array.from({ length: data.y.length }, (_, row) => sliceDataset(data, row, row + 1).x);
    for (const sample of samples.slice(0, warmUpRows)) await session.run(sample);
    let total = 0;
    let crossed = 0;
    let degraded = 0;
    for (const sample of samples) {
      const times: number[] = [];
      for (let repeat = 0; repeat < repeats; repeat += 1) {
        const answer = await session.run(sample);
        times.push(answer.trace.totalNs);
        if (answer.degraded) degraded += 1;
        if (repeat === 0 && answer.trace.stages.some(({ where }) => where !== 'here')) crossed += 1;
      }
      total += median(times);
    }
    return { meanNs: total / samples.length, crossRate: crossed / samples.length, degraded };
  } finally {
    link?.close();
    away?.child.kill('SIGTERM');
    runtime.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}
