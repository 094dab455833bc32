// One whole augmentation of the scale model in this process, measured: a program of its own, so that the memory is its own.
//   node augmentation.js REQUEST              prints a Measured as JSON; progress goes to standard error
//   node augmentation.js '{"make": REQUEST}'  only makes the model
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { augmentModel, loadEngine, zipPieces, type AugmentReport, type Engine, type ModuleFactory, type RawModule } from '@offramp/engine';
import { collectGarbage } from '@offramp/engine/node';
import { checkout } from '../checkout.js';
import type { BottleneckShape } from './bottleneck_resnet.js';
import { scaleData, scaleModel, type ScaleRows } from './files.js';

export interface Request {
  shape: BottleneckShape;
  rows: ScaleRows;
  fitRows: number;
  threads: number;
  seed: number;
}

export interface Step {
  name: string;
  seconds: number;
  /** When the step was done: the most the process has held so far, and the module's heap, which never shrinks. */
  peakBytes: number;
  heapBytes: number;
}

export interface Measured {
  request: Request;
  macs: number;
  parameters: number;
  modelBytes: number;
  packageBytes: number;
  steps: Step[];
  report: AugmentReport;
}

/** Steps begin when their name is first told and end when the next one does. */
class Stopwatch {
  readonly steps: Step[] = [];
  private current: { name: string; begin: number } | undefined;

  constructor(private readonly heapBytes: () => number) {}

  begin(name: string | undefined): void {
    if (this.current?.name === name) return;
    if (this.current !== undefined) {
      const seconds = (performance.now() - this.current.begin) / 1000;
      this.steps.push({ name: this.current.name, seconds, peakBytes: process.resourceUsage().maxRSS * 1024, heapBytes: this.heapBytes() });
    }
    this.current = name === undefined ? undefined : { name, begin: performance.now() };
  }
}

export async function measureAugmentation(request: Request, say: (text: string) => void): Promise<Measured> {
  const { shape, rows, threads, seed } = request;
  const { engine, heapBytes } = await startEngine(threads);
  const watch = new Stopwatch(heapBytes);
  try {
    const model = await scaleModel(engine, shape, request.fitRows);
    const modelBytes = model.length;
    const data = scaleData(shape, rows);
    const { macs, parameters } = engine.inspect(model);
    watch.begin('load');
    const { report, files } = await augmentModel(engine, model, data, { preprocess: data.train.preprocess ?? [], seed }, {
      classes: shape.classes,
      onModelRead: () => void collectGarbage(model),
      onProgress: ({ phase, done, total, elapsedSeconds }) => {
        watch.begin(phase);
        say(`${phase} ${done} of ${total}, ${elapsedSeconds.toFixed(0)} s`);
      },
    });
    watch.begin('package');
    const packageBytes = zipPieces(files, { consume: true }).reduce((sum, { length }) => sum + length, 0);
    watch.begin(undefined);
    return { request, macs, parameters, modelBytes, packageBytes, steps: watch.steps, report };
  } finally {
    engine.dispose();
  }
}

async function makeModel({ shape, fitRows, threads }: Request): Promise<void> {
  const { engine } = await startEngine(threads);
  await scaleModel(engine, shape, fitRows);
  engine.dispose();
}

async function startEngine(threads: number): Promise<{ engine: Engine; heapBytes: () => number }> {
  const variant = threads > 1 ? 'simd-threads' : 'simd';
  const folder = join(checkout, 'wasm/dist', variant);
  const { default: factory } = (await import(pathToFileURL(join(folder, 'offramp.mjs')).href)) as { default: ModuleFactory };
  let raw: (RawModule & { HEAPU8: Uint8Array }) | undefined;
  const watched: ModuleFactory = async (options) => (raw = (await factory(options)) as RawModule & { HEAPU8: Uint8Array });
  const engine = await loadEngine({ factory: watched, wasmBinary: await readFile(join(folder, 'offramp.wasm')), variant, threads });
  return { engine, heapBytes: () => raw?.HEAPU8.length ?? 0 };
}

const [, script, argument] = process.argv;
if (script !== undefined && import.meta.url === pathToFileURL(script).href) {
  const asked = JSON.parse(argument ?? '') as Request | { make: Request };
  const say = (text: string): void => {
    if (process.env['OFFRAMP_PROGRESS'] === '1') process.stderr.write(`\r\x1b[2K${text}`);
  };
  if ('make' in asked) await makeModel(asked.make);
  else process.stdout.write(JSON.stringify(await measureAugmentation(asked, say)));
}
