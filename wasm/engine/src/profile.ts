// The time of each node, from runs of their own: the clock around every step costs time too.
import type { Engine, Session } from './engine.js';
import type { Backend, ProfiledStep } from './raw_module.js';
import type { RawTensor } from './tensor.js';
import { percentile } from './timing.js';

export interface NodeTimes {
  stage: number;
  /** Of nodes fused into one step, the last one. */
  node: string;
  op: string;
  /** Whose code ran it: "xnnpack", "own" or "reference". */
  kernel: string;
  median_ns: number;
  /** Of the sum over all steps. */
  share: number;
  macs: number;
}

/** The stages follow one another, whatever their answers. */
export function profileNodes(engine: Engine, stages: readonly Uint8Array[], input: RawTensor[], backend: Backend, runs: number): NodeTimes[] {
  const links = stages.map((onnx) => {
    const boundary = engine.inspect(onnx).outputs.findIndex(({ name }) => name === 'boundary' || name === 'next_boundary');
    return { session: engine.createSession(onnx, backend), boundary };
  });
  try {
    const runAll = (): void => {
      let given = input;
      for (const { session, boundary } of links) given = session.run(given).slice(boundary, boundary + 1);
    };
    runAll();
    return summarise(links.map(({ session }) => session), runAll, runs);
  } finally {
    for (const { session } of links) session.dispose();
  }
}

function summarise(sessions: readonly Session[], runAll: () => void, runs: number): NodeTimes[] {
  for (const session of sessions) session.setProfiling(true);
  const read = (): (ProfiledStep & { stage: number })[] => sessions.flatMap((session, stage) => session.profile().map((step) => ({ stage, ...step })));
  const totals: number[][] = [];
  for (let run = 0; run < runs; run += 1) {
    runAll();
    totals.push(read().map(({ total_ns }) => total_ns));
  }
  // Medians over runs, so that one pre-emption by another program does not count.
  const medians = read().map((_, step) => percentile(totals.map((own, run) => (own[step] as number) - (totals[run - 1]?.[step] ?? 0)), 0.5));
  const sum = medians.reduce((all, ns) => all + ns, 0);
  return read().map(({ stage, node, op, kernel, macs }, step) => {
    const ns = medians[step] as number;
    return { stage, node, op, kernel, median_ns: Math.round(ns), share: sum > 0 ? ns / sum : 0, macs };
  });
}
