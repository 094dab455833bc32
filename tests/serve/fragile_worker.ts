// A worker that gives rows back as logits, and ends at a job of three rows.
import { parentPort, workerData } from 'node:worker_threads';
import type { Job } from '@offramp/engine/serving';
import type { FromStageWorker, WorkerData } from 'offramp/serve/worker_messages';

const send = (message: FromStageWorker): void => parentPort?.postMessage(message);
const area = new Uint8Array((workerData as WorkerData).area);
parentPort?.on('message', ({ id, requests }: Job) => {
  if (requests.some(({ count }) => count === 3)) process.exit(1);
  let at = 0;
  send({ kind: 'done', id, idle: true, results: requests.map(({ bytes }) => ({ kind: 'stage', logits: area.slice(at, at += bytes) })) });
});
send({ kind: 'ready' });
