// Rows into the core's augmenter, in bounded pieces with progress, records and cancelling: extracted here, or by a server.
import { sliceDataset, type Dataset } from './data/dataset.js';
import type { AugmentData } from './augment.js';
import type { Augmenter } from './engine.js';
import { within } from './errors.js';
import type { ProgressKeeper } from './kept_progress.js';
import type { FeatureServer } from './offload/feature_server.js';
import type { Features, Part } from './raw_module.js';
import { ChunkSizer, Scheduler } from './scheduler.js';
import { sliceRows } from './tensor.js';

const largestChunk = 64;

/** A part's rows from `begin` on, which somebody extracts: how many were added. */
interface Extractor {
  add(part: Part, set: Dataset, begin: number): Promise<number>;
  /** Whatever goes on is of no use any more. */
  close(): Promise<void>;
}

/** Seconds that it took. Errors: as Augmenter.addRows, naming the data; as FeatureServer; cancelled. */
export async function addAllRows(
  augmenter: Augmenter, data: AugmentData, server: FeatureServer | undefined, report: (phase: string, done: number, total: number) => void,
  keeper: ProgressKeeper | undefined, signal: AbortSignal | undefined,
): Promise<number> {
  const start = performance.now();
  const scheduler = new Scheduler(signal);
  const extractor = server === undefined ? new LocalExtractor(augmenter) : new RemoteExtractor(augmenter, server, signal);
  const total = data.train.y.length + data.select.y.length + data.test.y.length + (data.certify?.y.length ?? 0);
  let done = 0;
  try {
    for (const part of ['train', 'select', 'test', 'certify'] as const satisfies readonly Part[]) {
      const set = data[part];
      if (set === undefined) continue;
      for (let begin = 0; begin < set.y.length;) {
        let count = await keeper?.takeRows(part, begin, set.y.length - begin, (rows, record) => addRecorded(augmenter, part, set, begin, rows, record)) ?? 0;
        if (count === 0) {
          count = await extractor.add(part, set, begin);
          await keeper?.extracted(augmenter, part, begin, count);
        }
        begin += count;
        done += count;
        report('extract', done, total);
        await scheduler.breathe();
      }
    }
  } finally {
    await extractor.close();
  }
  return (performance.now() - start) / 1000;
}

const frameOf = (part: Part, set: Dataset): string => `data ${set.name} (${part})`;
const groupsOf = (part: Part, chunk: Dataset): Float64Array | undefined => (part === 'train' ? chunk.groups : undefined);

function addRecorded(augmenter: Augmenter, part: Part, set: Dataset, begin: number, rows: number, record: Uint8Array): void {
  const chunk = sliceDataset(set, begin, begin + rows);
  within(frameOf(part, set), () => augmenter.addRows(part, chunk.x, chunk.y, groupsOf(part, chunk), record));
}

class LocalExtractor implements Extractor {
  private readonly sizer = new ChunkSizer(largestChunk);

  constructor(private readonly augmenter: Augmenter) {}

  async add(part: Part, set: Dataset, begin: number): Promise<number> {
    const chunk = sliceDataset(set, begin, begin + Math.min(this.sizer.rows, set.y.length - begin));
    const start = performance.now();
    within(frameOf(part, set), () => this.augmenter.addRows(part, chunk.x, chunk.y, groupsOf(part, chunk)));
    this.sizer.record(performance.now() - start);
    return chunk.y.length;
  }

  async close(): Promise<void> {}
}

class RemoteExtractor implements Extractor {
  private running: { set: Dataset; next: number; answers: AsyncGenerator<Features & { rows: number }> } | undefined;

  constructor(private readonly augmenter: Augmenter, private readonly server: FeatureServer, private readonly signal: AbortSignal | undefined) {}

  async add(part: Part, set: Dataset, begin: number): Promise<number> {
    if (this.running?.set !== set || this.running.next !== begin) await this.begin(part, set, begin);
    const { value, done } = await this.running!.answers.next();
    if (done === true || value === undefined) throw new RangeError(`rows from ${begin} on`);
    const chunk = sliceDataset(set, begin, begin + value.rows);
    within(frameOf(part, set), () => this.augmenter.addFeatures(part, chunk.x, chunk.y, groupsOf(part, chunk), value));
    this.running!.next += value.rows;
    return value.rows;
  }

  async close(): Promise<void> {
    await this.running?.answers.return(undefined);
  }

  private async begin(part: Part, set: Dataset, begin: number): Promise<void> {
    await this.close();
    const inputs = (from: number, to: number) => within(frameOf(part, set), () => this.augmenter.prepare(sliceRows(set.x, from, to)));
    this.running = { set, next: begin, answers: this.server.extract(begin, set.y.length, inputs, this.signal) };
  }
}
