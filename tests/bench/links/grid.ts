// What plans promise over links of many kinds, and what they take: the link measured as `augment --targets` does, then the plan made with
// its figures, then its answers timed over the same link.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureLink, OfframpError, zipPackage, type Engine, type Json, type LinkFigures } from '@offramp/engine';
import type { Shape } from '../../serve/shaped_proxy.js';
import { startServer } from '../serve/server.js';
import { measurePlan } from './measured_plan.js';
import { onlyHere, type Planned, type Planner } from './planner.js';
import { shapedLink } from './shaped_link.js';

export interface GridPoint {
  rtt_ms: number;
  mbit_per_s: number;
  link: { rtt_ns: number; bytes_per_s: number };
  /** "device 0 to 1, fog 1 to 3" */
  mapping: string;
  cross_rate: number;
  bytes: number;
  predicted_ns: number;
  measured_ns: number;
  ratio: number;
  degraded: number;
}

export const mbit = 125_000; // bytes per second
const deviceMacsPerS = 1e8; // a small board; slow enough that this machine can play it, whatever else it does

export const describe = ({ report: { plan } }: Planned): string =>
  plan.mapping.filter(({ from, to }) => to > from).map(({ target, from, to }) => `${target} ${from}${to - from > 1 ? ` to ${to - 1}` : ''}`).join(', ');

/** A slow device, and a fog node of this machine's speed, neither of which can hold the whole model. */
function targets(memoryBytes: number, { rttNs, bytesPerS }: Pick<LinkFigures, 'rttNs' | 'bytesPerS'>): Json {
  return {
    targets: [
      { name: 'device', kind: 'device', macs_per_s: deviceMacsPerS, memory_bytes: memoryBytes },
      { name: 'fog', kind: 'fog', speed: 'measured', memory_bytes: memoryBytes },
    ],
    links: [{ rtt_ns: rttNs, bytes_per_s: bytesPerS, encoding: 'f16' }],
  };
}

export async function measureGrid(engine: Engine, planner: Planner, rtts: readonly number[], rates: readonly number[], say: (text: string) => void): Promise<GridPoint[]> {
  const whole = planner.plan(onlyHere);
  const wholeBytes = planner.plan(onlyHere, { max_exits: 0 }).report.plan.mapped?.targets[0]?.memory_bytes ?? 0;
  const planOver = (link: Pick<LinkFigures, 'rttNs' | 'bytesPerS'>): Planned => {
    for (let share = 0.9; ; share += 0.02) {
      try {
        return planner.plan(targets(Math.floor(share * wholeBytes), link));
      } catch (thrown) {
        if (!(thrown instanceof OfframpError) || thrown.code !== 'infeasible' || share > 1) throw thrown;
      }
    }
  };
  const folder = await mkdtemp(join(tmpdir(), 'offramp-links-'));
  const path = join(folder, 'package.offramp');
  await writeFile(path, zipPackage(whole.files));
  const { child, url } = await startServer(path, '0..');
  const points: GridPoint[] = [];
  try {
    for (const rttMs of rtts) {
      for (const rate of rates) {
        const shape: Shape = { rttMs, bytesPerS: rate * mbit };
        say(`${rttMs} ms, ${rate} Mbit/s: the link`);
        const shaped = await shapedLink(url, shape);
        const link = await measureLink(shaped.url);
        shaped.close();
        say(`${rttMs} ms, ${rate} Mbit/s: the plan`);
        const planned = planOver(link);
        const { mapped } = planned.report.plan;
        const measured = await measurePlan(engine, planned.files, planner.test, shape, deviceMacsPerS);
        const predicted = mapped?.expected_latency_ns ?? NaN;
        points.push({
          rtt_ms: rttMs, mbit_per_s: rate, link: { rtt_ns: Math.round(link.rttNs), bytes_per_s: Math.round(link.bytesPerS) }, mapping: describe(planned),
          cross_rate: measured.crossRate, bytes: mapped?.links[0]?.bytes ?? 0, predicted_ns: Math.round(predicted), measured_ns: Math.round(measured.meanNs),
          ratio: predicted / measured.meanNs, degraded: measured.degraded,
        });
      }
    }
  } finally {
    child.kill('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
  return points;
}
