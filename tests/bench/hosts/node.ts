// Node as a host: one child process per subject.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Reply } from '../subject.js';
import type { Host, RemoteSubject } from './host.js';

const childScript = fileURLToPath(new URL('node_child.js', import.meta.url));

export function nodeHost(): Host {
  return {
    name: 'node',
    description: `Node ${process.versions.node}`,
    start: async () => startChild(),
    close: async () => {},
  };
}

function startChild(): RemoteSubject {
  const child = fork(childScript, { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let waiting: ((reply: Reply) => void) | undefined;
  const settle = (reply: Reply): void => {
    waiting?.(reply);
    waiting = undefined;
  };
  child.on('message', (reply) => settle(reply as Reply));
  child.on('exit', (code, signal) => settle({ kind: 'failed', why: `the process ended with ${signal ?? code}` }));
  return {
    ask: (request) => new Promise((resolve) => {
      waiting = resolve;
      child.send(request);
    }),
    close: () => new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    }),
  };
}
