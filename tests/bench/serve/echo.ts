// A server in a thread of its own that sends bodies back.
import { Worker } from 'node:worker_threads';

const source = `
const { createServer } = require('node:http');
const { parentPort } = require('node:worker_threads');
const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => response.end(Buffer.concat(pieces)));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

export async function scriptedEcho(): Promise<{ url: string; close(): Promise<unknown> }> {
  const worker = new Worker(source, { eval: true });
  const port = await new Promise<number>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { url: `http://127.0.0.1:${port}/`, close: () => worker.terminate() };
}
