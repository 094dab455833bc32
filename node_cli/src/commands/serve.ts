// offramp serve PACKAGE
import { readFile } from 'node:fs/promises';
import { invalidArgument, mostRequestRows, readPlan, within, type PackageFile, type StagePlan } from '@offramp/engine';
import { loadNodeEngine, reasonOf } from '@offramp/engine/node';
import { largestRowBytes, PackageService, type AllowedOrigins, type Service } from '@offramp/engine/serving';
import { readPackage } from '../inputs.js';
import type { CommandIo } from '../io.js';
import type { Arguments } from '../options.js';
import { readToken, readUrl } from '../remote_options.js';
import { Batcher } from '../serve/batcher.js';
import { GatewayService } from '../serve/gateway_service.js';
import { HttpServer, logLevels } from '../serve/http_server.js';
import { Metrics } from '../serve/metrics.js';
import { readStageRange } from '../stage_range.js';

const defaults = { host: '127.0.0.1', port: 8700, mostRows: mostRequestRows, queueRows: 512, deadlineMs: 10_000, graceMs: 10_000, bodyMib: 64 };
const loopback = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

export async function serve(args: Arguments, io: CommandIo): Promise<void> {
  const host = args.text('host') ?? defaults.host;
  const port = args.integer('port', 0, 65535) ?? defaults.port;
  const logLevel = args.choice('log-level', logLevels) ?? 'info';
  const origins = readOrigins(args.text('allow-origin'));
  const tls = await readTls(args.text('tls-cert'), args.text('tls-key'));
  const token = readToken('OFFRAMP_TOKEN');
  const graceMs = args.integer('grace-ms', 0, 600_000) ?? defaults.graceMs;
  const mostBodyBytes = (args.integer('max-body-mib', 1, 1024) ?? defaults.bodyMib) * 2 ** 20;
  const metrics = new Metrics();
  const log = (line: string): void => io.err(line);
  const remark = (text: string): void => io.err(`offramp: ${text}\n`);
  const service = await startService(args, metrics, mostBodyBytes, remark);
  const server = new HttpServer(service, { mostBodyBytes, origins, token, tls, logLevel, log, metrics });
  try {
    const url = await server.listen(host, port).catch((thrown: unknown) => {
      const inUse = (thrown as { code?: string }).code === 'EADDRINUSE';
      throw invalidArgument(`cannot listen at ${host}, port ${port}: ${inUse ? 'something else does' : reasonOf(thrown)}`);
    });
    if (!loopback.test(host) && token === undefined) remark('anybody who can reach this machine may ask; set OFFRAMP_TOKEN to demand a token');
    if (args.has('json')) io.out(`${JSON.stringify({ url })}\n`);
    else remark(`serving at ${url}`);
    await io.untilStopped();
  } finally {
    await server.close(graceMs);
  }
}

async function startService(args: Arguments, metrics: Metrics, mostBodyBytes: number, remark: (text: string) => void): Promise<Service> {
  const deadlineMs = args.integer('deadline-ms', 1, 3_600_000) ?? defaults.deadlineMs;
  const queueRows = args.integer('queue', 1, 1e6) ?? defaults.queueRows;
  const upstream = args.text('upstream');
  const path = args.positionals[0];
  if (upstream !== undefined) {
    if (path !== undefined) throw invalidArgument('serve takes a PACKAGE, or --upstream URL for a gateway, not both');
    for (const option of ['stages', 'offload', 'workers', 'batch', 'batch-delay-ms', 'backend']) {
      if (args.has(option)) throw invalidArgument(`--${option} is for a PACKAGE; a gateway runs nothing itself`);
    }
    return new GatewayService({ url: readUrl('upstream', upstream), token: readToken('OFFRAMP_UPSTREAM_TOKEN'), deadlineMs, mostRequests: queueRows, mostBytes: mostBodyBytes });
  }
  if (path === undefined) throw invalidArgument('serve needs PACKAGE, or --upstream URL (see offramp serve --help)');
  const files = await readPackage(path);
  const plan = await describePackage(path, files);
  const { from, to } = readStageRange(args.text('stages'), plan.stages.length);
  const offload = args.text('offload');
  if (offload !== undefined && to === plan.stages.length) throw invalidArgument('--offload has nothing to offload: all later stages run here; say which with --stages, such as 1..1');
  const setup = {
    files: ownFiles(files, from, offload === undefined ? to : Infinity), backend: args.choice('backend', ['xnnpack', 'reference']) ?? 'xnnpack', from, to,
    ...(offload === undefined ? {} : { offload: { url: readUrl('offload', offload), token: readToken('OFFRAMP_UPSTREAM_TOKEN') } }),
  };
  const settings = {
    workers: args.integer('workers', 1, 64) ?? 1, mostRows: args.integer('batch', 1, 1024) ?? defaults.mostRows,
    delayMs: args.number('batch-delay-ms', 0, 1000) ?? 0, queueRows, rowBytes: largestRowBytes(plan, from, to),
  };
  const batcher = await Batcher.start(setup, settings, (rows) => metrics.batchRows.observe(rows), remark);
  metrics.gauge('offramp_queue_rows', 'Rows that wait for a worker.', () => batcher.waiting);
  metrics.gauge('offramp_workers', 'Workers that run stages.', () => batcher.liveWorkers);
  const onAnswers = (exits: Int32Array, degraded: number): void => metrics.countAnswers(exits, degraded);
  return new PackageService({ plan, setup, deadlineMs, mostRows: settings.mostRows, onAnswers }, batcher);
}

async function describePackage(path: string, files: PackageFile[]): Promise<StagePlan> {
  // Loaded once here, so that a package that does not load is refused before anything listens; workers load their stages.
  const engine = await loadNodeEngine();
  try {
    return readPlan(within(path, () => engine.createRuntime(files, 'reference', { partial: true })).manifest());
  } finally {
    engine.dispose();
  }
}

/** The manifest and stages [from, to). */
function ownFiles(files: readonly PackageFile[], from: number, to: number): PackageFile[] {
  return files.filter(({ name }) => {
    const stage = /^stages\/(\d+)\.onnx$/.exec(name)?.[1];
    return stage === undefined || (Number(stage) >= from && Number(stage) < to);
  });
}

function readOrigins(text: string | undefined): AllowedOrigins {
  if (text === undefined) return [];
  if (text === '*') return '*';
  return text.split(',').map((origin) => {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) throw invalidArgument(`--allow-origin is * or origins such as https://example.org, not "${origin}"`);
    return origin;
  });
}

async function readTls(cert: string | undefined, key: string | undefined): Promise<{ cert: Buffer; key: Buffer } | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw invalidArgument('--tls-cert and --tls-key go together');
  const read = (path: string): Promise<Buffer> => readFile(path).catch((thrown: unknown) => {
    throw invalidArgument(`${path} cannot be read: ${reasonOf(thrown)}`);
  });
  return { cert: await read(cert), key: await read(key) };
}
