// A worker of `offramp serve`: an engine of its own, which runs one job after another.
import { parentPort, workerData } from 'node:worker_threads';
import { OfframpError } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { StageRunner, type Job } from '@offramp/engine/serving';
import type { FromStageWorker, WorkerData } from './worker_messages.js';

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const send = (message: FromStageWorker): void => port.postMessage(message);
  const { area, ...setup } = workerData as WorkerData;
  const rows = new Uint8Array(area);
  let runner: StageRunner;
  try {
    runner = new StageRunner(await loadNodeEngine(), setup);
  } catch (thrown) {
    send({ kind: 'failed', error: OfframpError.from(thrown).toRecord() });
    return;
  }
  port.on('message', (job: Job) => {
    const { id } = job;
    const outcome = runner.run(job, rows);
    if ('results' in outcome) {
      const { results } = outcome;
      // A module that has stopped answers nothing any more: the worker makes way for a new one.
      const broken = results.some((result) => result.kind === 'error' && result.error.code === 'internal');
      send({ kind: 'done', id, results, idle: !broken });
      if (broken) process.exit(1); // ends this thread alone
      return;
    }
    send({ kind: 'idle' });
    void outcome.pending.then((results) => send({ kind: 'done', id, results, idle: false }));
  });
  send({ kind: 'ready' });
}

if (parentPort !== null) await serve(parentPort);
