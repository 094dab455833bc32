// A shaped link in a thread of its own, so that a device that computes does not hold up what is on its way.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { shapedProxy, type Shape, type ShapedProxy } from '../../serve/shaped_proxy.js';

interface Job {
  behind: string;
  shape: Shape;
}

export async function shapedLink(behind: string, shape: Shape): Promise<ShapedProxy> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { behind, shape } satisfies Job });
  const url = await new Promise<string>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { url, close: () => void worker.terminate() };
}

if (!isMainThread && parentPort !== null) {
  const { behind, shape } = workerData as Job;
  parentPort.postMessage((await shapedProxy(behind, shape)).url);
}
