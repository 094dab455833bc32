// ./run bench serve: what a fog server keeps of its stage's own throughput, and what client and server add to a request.
import { execFile, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { readPlan, unzipPackage, type PackageFile, type RawTensor, type Runtime } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { encodeMessage, headerLengthName, OipClient, type Tensor } from '@offramp/oip';
import { checkout, dataFolder } from '../checkout.js';
import { median, percentile } from '../statistics.js';
import { scriptedEcho } from './echo.js';
import { runLoad, type LoadResult } from './load.js';
import { startServer } from './server.js';

const usage = `usage: ./run bench serve [options]

Times offramp serve with a package's last stage: throughput under many connections against the stage's own, waiting times, and what
client and server add to one request beyond network and computation. The server has one core to itself where taskset is there.

  --package FILE     default: kws_dscnn of the real data, augmented in short, kept in build/bench
  --requests N       under load (default 20000)
  --connections N    default 32
  --workers N        default 1
  -o, --output DIR   folder for serve.json (default build/bench)
`;

const warmUpRequests = 500;
const singleRequests = 500;
const stageRuns = 1000;

interface ServeResults {
  machine: string;
  node: string;
  pinned: boolean;
  boundary_bytes: number;
  /** Rows per second of the stage alone, one row at a time and in the server's batches. */
  stage_rows_per_s: number;
  served_rows_per_s: number;
  served_share: number;
  /** Processor time of a row, of the stage alone and of the whole server: what a busy machine does not change. Null where /proc is not there. */
  cpu_ns: { stage: number; server: number | null };
  latency_ns: { median: number; p99: number };
  lost: Record<string, number>;
  /** After half of the requests, when it has settled, and after all. */
  memory_bytes: { half: number; all: number };
  /** Of one request at a time: client and server beyond the network (an echo of the same bytes) and the stage. */
  single_ns: { whole: number; stage: number; echo: number; overhead: number };
}

export async function serve(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      package: { type: 'string' }, requests: { type: 'string' }, connections: { type: 'string' }, workers: { type: 'string' },
      output: { type: 'string', short: 'o' }, help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const count = (text: string | undefined, otherwise: number): number => {
    const number = Number(text ?? otherwise);
    if (!Number.isInteger(number) || number < 1) throw new Error(`a number from 1 is needed, not "${text}"`);
    return number;
  };
  const folder = values.output ?? join(checkout, 'build/bench');
  await mkdir(folder, { recursive: true });
  const path = values.package ?? await defaultPackage(folder);
  const results = await measure(path, count(values.requests, 20_000), count(values.connections, 32), count(values.workers, 1));
  await writeFile(join(folder, 'serve.json'), `${JSON.stringify(results, null, 1)}\n`);
  process.stdout.write(render(results));
}

async function measure(path: string, requests: number, connections: number, workers: number): Promise<ServeResults> {
  const files: PackageFile[] = unzipPackage(readFileSync(path));
  const engine = await loadNodeEngine();
  const runtime = engine.createRuntime(files);
  const plan = readPlan(runtime.manifest());
  const stage = plan.stages.length - 1;
  const boundary = madeUp([1, ...plan.stages[stage]?.inputShape ?? []]);
  const pinned = spawnSync('taskset', ['--version']).status === 0 && cpus().length > 1;
  if (pinned) spawnSync('taskset', ['-cp', '1', String(process.pid)]);
  const { median: stageNs, cpu: stageCpuNs } = timeStage(runtime, stage, boundary);
  // Several workers want several cores.
  const { child, url } = await startServer(path, String(stage), ['--workers', String(workers)], pinned && workers === 1 ? ['taskset', '-c', '0'] : []);
  try {
    const input: Tensor = { name: stage === 0 ? 'input' : 'boundary', datatype: 'FP32', shape: boundary.dims, data: new Float32Array(boundary.data.buffer) };
    const message = encodeMessage({ parameters: { binary_data_output: true } }, 'inputs', [input], () => true);
    const load = {
      url, path: `/v2/models/stage_${stage}/infer`, body: message.body, connections,
      headers: { 'Content-Type': 'application/octet-stream', [headerLengthName]: String(message.headerLength) },
    };
    await runLoad({ ...load, requests: warmUpRequests });
    const cpuBefore = cpuNs(child);
    const first = await runLoad({ ...load, requests: Math.ceil(requests / 2) });
    const half = await memory(url);
    const second = await runLoad({ ...load, requests: Math.floor(requests / 2) });
    const cpuAfter = cpuNs(child);
    const all = await memory(url);
    const loaded = joinLoads(first, second);
    const client = new OipClient(url);
    const whole = await timeRequests(() => client.infer({ model: `stage_${stage}`, inputs: [input] }));
    const echo = await timeEcho(message.body);
    const served = loaded.latenciesNs.length / loaded.seconds;
    const own = 1e9 / stageNs;
    return {
      machine: cpus()[0]?.model ?? 'unknown', node: process.version, pinned, boundary_bytes: boundary.data.length,
      stage_rows_per_s: Math.round(own), served_rows_per_s: Math.round(served), served_share: served / own,
      cpu_ns: { stage: stageCpuNs, server: cpuBefore === undefined || cpuAfter === undefined ? null : Math.round((cpuAfter - cpuBefore) / loaded.latenciesNs.length) },
      latency_ns: { median: Math.round(median(loaded.latenciesNs)), p99: Math.round(percentile(loaded.latenciesNs, 0.99)) },
      lost: { ...loaded.lost, ...(loaded.latenciesNs.length === requests ? {} : { 'never answered': requests - loaded.latenciesNs.length }) },
      memory_bytes: { half, all }, single_ns: { whole, stage: stageNs, echo, overhead: Math.round(whole - stageNs - echo) },
    };
  } finally {
    child.kill('SIGTERM');
    engine.dispose();
  }
}

function joinLoads(first: LoadResult, second: LoadResult): LoadResult {
  const lost = { ...first.lost };
  for (const [why, times] of Object.entries(second.lost)) lost[why] = (lost[why] ?? 0) + times;
  return { latenciesNs: [...first.latenciesNs, ...second.latenciesNs], seconds: first.seconds + second.seconds, lost };
}

function madeUp(dims: number[]): RawTensor {
  const values = Float32Array.from({ length: dims.reduce((product, size) => product * size, 1) }, (_, at) => Math.abs(Math.sin(at)));
  return { dtype: 'f32', dims, data: new Uint8Array(values.buffer) };
}

function timeStage(runtime: Runtime, stage: number, boundary: RawTensor): { median: number; cpu: number } {
  const times: number[] = [];
  let cpuStart = process.cpuUsage();
  for (let run = 0; run < 2 * stageRuns; run += 1) {
    if (run === stageRuns) cpuStart = process.cpuUsage();
    const start = performance.now();
    runtime.runStage(stage, boundary);
    if (run >= stageRuns) times.push((performance.now() - start) * 1e6);
  }
  const { user, system } = process.cpuUsage(cpuStart);
  return { median: Math.round(median(times)), cpu: Math.round(((user + system) * 1000) / stageRuns) };
}

/** Of all threads of a process so far, in steps of 10 ms. */
function cpuNs({ pid }: ChildProcess): number | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = text.slice(text.lastIndexOf(')') + 2).split(' ').slice(11, 13).map(Number) as [number, number];
    return (user + system) * 1e7;
  } catch {
    return undefined;
  }
}

async function timeRequests(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < 2 * singleRequests; run += 1) {
    const start = performance.now();
    await work();
    if (run >= singleRequests) times.push((performance.now() - start) * 1e6);
  }
  return Math.round(median(times));
}

/** The same bytes to a server that does nothing with them, over fetch as well. */
async function timeEcho(body: Uint8Array<ArrayBuffer>): Promise<number> {
  const echo = await scriptedEcho();
  try {
    return await timeRequests(async () => (await fetch(echo.url, { method: 'POST', body })).arrayBuffer());
  } finally {
    await echo.close();
  }
}

async function memory(url: string): Promise<number> {
  return Number(/^process_resident_memory_bytes (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]);
}

async function defaultPackage(folder: string): Promise<string> {
  const path = join(folder, 'serve_kws_dscnn.offramp');
  if (existsSync(path)) return path;
  const at = (name: string): string => join(dataFolder, 'kws', name);
  process.stderr.write('augmenting kws_dscnn in short ...\n');
  await promisify(execFile)(process.execPath, [join(checkout, 'node_cli/dist/main.js'), 'augment', at('kws_dscnn.onnx'), '--data', at('dscnn.calib.json'), '--train-rows', '1200', '--select-rows', '600', '--test-rows', '200', '--epochs', '4', '--max-exits', '1', '--max-drop', '5', '-o', path]);
  return path;
}

function render({ stage_rows_per_s: own, served_rows_per_s: served, served_share: share, latency_ns: latency, lost, memory_bytes: bytes, single_ns: single, boundary_bytes: size, cpu_ns: cpu }: ServeResults): string {
  const ms = (ns: number): string => `${(ns / 1e6).toFixed(3)} ms`;
  const mib = (value: number): string => `${(value / 2 ** 20).toFixed(1)} MiB`;
  return `the stage alone       ${own} rows/s, ${ms(single.stage)} a row, boundary ${size} bytes
served                ${served} rows/s, ${(100 * share).toFixed(1)} % of it (goal 80 %)
processor time a row  stage ${ms(cpu.stage)}, server ${cpu.server === null ? 'not known' : `${ms(cpu.server)}: ${(100 * cpu.stage / cpu.server).toFixed(1)} % is the stage's`}
under load            median ${ms(latency.median)}, p99 ${ms(latency.p99)}: ${(latency.p99 / latency.median).toFixed(1)}x (goal 5x); lost ${JSON.stringify(lost)}
memory                ${mib(bytes.half)} after half of the requests, ${mib(bytes.all)} after all
one request at a time ${ms(single.whole)} = stage ${ms(single.stage)} + network ${ms(single.echo)} + client and server ${ms(single.overhead)} (goal 1 ms)
`;
}
