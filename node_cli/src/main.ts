#!/usr/bin/env node
// Entry of the command. The command itself runs in a worker, so that this thread always answers Ctrl-C at once, however
// long the module computes; files are written here, in one uninterrupted go.
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { OfframpError, type ErrorRecord } from '@offramp/engine';
import { runCommand } from './cli.js';
import { exitCodes } from './exit_codes.js';
import type { CommandIo, OutputFile, Terminal } from './io.js';
import { checkWritable, writeAtomically } from './output_file.js';
import { checkFolder, writeFolder } from './output_folder.js';
import { cancelledText, removeProgress, writeProgress } from './progress_folder.js';

const patienceMilliseconds = 2500; // with a command that keeps its progress when asked to end

/** What this thread does for the command, and answers. */
type Request =
  | { kind: 'check'; path: string }
  | { kind: 'write'; path: string; pieces: readonly Uint8Array[] }
  | { kind: 'check_folder'; path: string }
  | { kind: 'write_folder'; path: string; files: readonly OutputFile[] }
  | { kind: 'keep'; folder: string; name: string; bytes: Uint8Array }
  | { kind: 'forget'; folder: string };
type FromWorker =
  | { kind: 'out'; text: string }
  | { kind: 'err'; text: string }
  | (Request & { id: number })
  | { kind: 'lasting'; progress?: string | undefined }
  | { kind: 'done'; exitCode: number };
/** An answer to a request, or the wish that a lasting command end. */
type ToWorker = { id: number; error?: ErrorRecord } | { stop: true };
interface Job {
  argv: string[];
  terminal: Terminal;
}

function describeTerminal(): Terminal {
  const noColor = (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
  return {
    progressBars: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    color: process.stdout.isTTY === true && !noColor,
    columns: process.stderr.columns ?? 80,
  };
}

function superviseWorker(): void {
  const terminal = describeTerminal();
  let lasting = false; // the command ends itself; who asks twice does not want to wait
  let progress: string | undefined; // the folder in which it keeps its progress then
  let cancelledCode = exitCodes.cancelled;
  const stop = (): void => {
    process.stderr.write(`${terminal.progressBars ? '\r\x1b[2K' : ''}offramp: ${cancelledText(progress)}\n`);
    process.exit(cancelledCode);
  };
  const asked = (code: number): void => {
    cancelledCode = code;
    if (!lasting) stop();
    lasting = false;
    worker.postMessage({ stop: true } satisfies ToWorker);
    if (progress !== undefined) setTimeout(stop, patienceMilliseconds).unref();
  };
  process.on('SIGINT', () => asked(130));
  process.on('SIGTERM', () => asked(143));
  const job: Job = { argv: process.argv.slice(2), terminal };
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  let exitCode = 1;
  const reply = (id: number, work: () => void): void => {
    const answer: { id: number; error?: ErrorRecord } = { id };
    try {
      work();
    } catch (thrown) {
      answer.error = OfframpError.from(thrown).toRecord();
    }
    worker.postMessage(answer);
  };
  worker.on('message', (message: FromWorker) => {
    switch (message.kind) {
      case 'out': process.stdout.write(message.text); break;
      case 'err': process.stderr.write(message.text); break;
      case 'check': reply(message.id, () => checkWritable(message.path)); break;
      case 'write': reply(message.id, () => writeAtomically(message.path, message.pieces)); break;
      case 'keep': reply(message.id, () => writeProgress(message.folder, message.name, message.bytes)); break;
      case 'forget': reply(message.id, () => removeProgress(message.folder)); break;
      case 'check_folder': reply(message.id, () => checkFolder(message.path)); break;
      case 'write_folder': reply(message.id, () => writeFolder(message.path, message.files)); break;
      case 'lasting':
        lasting = true;
        progress = message.progress;
        break;
      case 'done':
        exitCode = message.exitCode === exitCodes.cancelled ? cancelledCode : message.exitCode;
        void worker.terminate();
        break;
    }
  });
  worker.on('error', (error) => process.stderr.write(`offramp: error: ${error.message}\n`));
  worker.on('exit', () => {
    process.exitCode = exitCode;
  });
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.stderr.write(`offramp: error: standard output: ${error.message}\n`);
    process.exit(error.code === 'EPIPE' ? 0 : 1); // the reader, such as head, has seen enough
  });
}

async function work(port: NonNullable<typeof parentPort>, job: Job): Promise<void> {
  const waiting = new Map<number, { resolve: () => void; reject: (error: OfframpError) => void }>();
  let lastId = 0;
  const send = (message: FromWorker, moved: readonly ArrayBuffer[] = []): void => port.postMessage(message, moved);
  const ask = (message: Request, moved?: readonly ArrayBuffer[]): Promise<void> =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      send({ ...message, id: lastId }, moved);
    });
  let stopped = (): void => undefined;
  port.on('message', (message: ToWorker) => {
    if ('stop' in message) {
      stopped();
      return;
    }
    const { id, error } = message;
    const promise = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) promise?.resolve();
    else promise?.reject(OfframpError.fromRecord(error));
  });
  const io: CommandIo = {
    terminal: job.terminal,
    out: (text) => send({ kind: 'out', text }),
    err: (text) => send({ kind: 'err', text }),
    checkWritable: (path) => ask({ kind: 'check', path }),
    writeFile: (path, bytes) => ask({ kind: 'write', path, pieces: [bytes] }),
    writePieces: (path, pieces) => ask({ kind: 'write', path, pieces }, [...new Set(pieces.map(({ buffer }) => buffer))]),
    checkFolder: (path) => ask({ kind: 'check_folder', path }),
    writeFolder: (path, files) => ask({ kind: 'write_folder', path, files }),
    writeProgress: (folder, name, bytes) => ask({ kind: 'keep', folder, name, bytes }),
    removeProgress: (folder) => ask({ kind: 'forget', folder }),
    untilStopped: (progress) => new Promise((resolve) => {
      stopped = resolve;
      send({ kind: 'lasting', progress });
    }),
  };
  send({ kind: 'done', exitCode: await runCommand(job.argv, io) });
}

if (isMainThread) superviseWorker();
else if (parentPort !== null) await work(parentPort, workerData as Job);
