// A search's progress, kept by its host so that the search goes on after an interruption: records of rows as they are extracted, one
// of the search from time to time, and an index of the rows, of the seconds spent and of links measured.
import type { Augmenter } from './engine.js';
import { OfframpError } from './errors.js';
import { isJsonObject, type Json } from './json.js';
import type { LinkFigures } from './offload/link_speed.js';
import type { Part, StepProgress } from './raw_module.js';

/** Named bytes: a folder, OPFS or a store of IndexedDB. */
export interface ProgressStore {
  /** What was last written under a name, if anything was. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Whole or not at all. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes everything. */
  clear(): Promise<void>;
}

export interface KeptProgress {
  /** The host clears it when the outcome of the search is safe. */
  store: ProgressStore;
  /** What was taken over: so many rows, and the step that the search goes on at. */
  onResume?: ((rows: number, step: StepProgress | undefined) => void) | undefined;
  /** What was kept is of no use, or nothing can be kept; the search goes on without. */
  onProblem?: ((problem: string) => void) | undefined;
}

interface Rows {
  part: Part;
  first: number;
  count: number;
}
interface Seconds {
  extract: number;
  train: number;
}

const version = 1;
const indexName = 'index.json';
const searchName = 'search';
const mostRows = 2048; // of a record, and extracted without one
const worthKeeping = 2; // seconds of work
const leastInterval = 20; // seconds between two writings,
const leastMultiple = 20; // and so many times what one takes

const countAll = (all: readonly Rows[]): number => all.reduce((sum, { count }) => sum + count, 0);
const nameOf = ({ part, first }: Rows): string => `rows-${part}-${first}`;

export class ProgressKeeper {
  /** Spent by earlier goes at this search. */
  before: Seconds = { extract: 0, train: 0 };
  /** By url: a search that goes on must not see a link at another speed. */
  readonly links = new Map<string, LinkFigures>();
  private readonly rows: Rows[] = [];
  private readonly unkept: Rows[] = [];
  private store: ProgressStore | undefined;
  private stage: 'rows' | 'search' | 'over' = 'rows';
  private readonly taken: Rows[] = [];
  private told = false;
  private begun = false; // a step was made
  private readonly opened: number;
  private stageStart: number;
  private extractSeconds = 0;
  private dueAt: number;

  private constructor(private readonly kept: KeptProgress, private readonly now: () => number) {
    this.store = kept.store;
    this.opened = this.stageStart = now();
    this.dueAt = this.opened + leastInterval;
  }

  /** Reads the index. */
  static async open(kept: KeptProgress, now: () => number = () => performance.now() / 1000): Promise<ProgressKeeper> {
    const keeper = new ProgressKeeper(kept, now);
    const bytes = await keeper.read(indexName);
    if (bytes === undefined) return keeper;
    const index = parseIndex(new TextDecoder().decode(bytes));
    if (index === undefined) {
      await keeper.beginAnew('its index is damaged or of another version');
    } else {
      keeper.rows.push(...index.rows);
      keeper.before = index.seconds;
      for (const link of index.links) keeper.links.set(link.url, link);
    }
    return keeper;
  }

  /** Adds the next rows of a part, at most `most`, if there is a record of them. How many were added. */
  async takeRows(part: Part, first: number, most: number, add: (count: number, record: Uint8Array) => void): Promise<number> {
    const rows = this.rows.find((one) => one.part === part && one.first === first);
    if (rows === undefined) return 0;
    const record = rows.count <= most ? await this.read(nameOf(rows)) : undefined;
    if (record === undefined) {
      await this.beginAnew('rows are missing');
      return 0;
    }
    try {
      add(rows.count, record);
    } catch (thrown) {
      await this.beginAnew(reasonToRefuse(thrown));
      return 0;
    }
    this.taken.push(rows);
    return rows.count;
  }

  /** After rows were extracted. */
  async extracted(augmenter: Augmenter, part: Part, first: number, count: number): Promise<void> {
    if (this.taken.length > 0) this.tell(undefined);
    const last = this.unkept.at(-1);
    if (last?.part === part && last.count + count <= mostRows) last.count += count;
    else this.unkept.push({ part, first, count });
    if (countAll(this.unkept) >= mostRows || this.now() >= this.dueAt) await this.keep(augmenter);
  }

  /** After all rows were added: goes on at the step that was kept, if one was. */
  async takeSearch(augmenter: Augmenter): Promise<StepProgress | undefined> {
    if (this.now() - this.stageStart >= worthKeeping || this.rows.length > 0) await this.keep(augmenter);
    this.unkept.splice(0); // too little to be worth it
    const record = await this.read(searchName);
    this.extractSeconds = this.now() - this.stageStart;
    this.stage = 'search';
    this.stageStart = this.now();
    let step: StepProgress | undefined;
    if (record !== undefined && record.length > 0) {
      try {
        step = augmenter.resume(record);
        this.begun = true;
      } catch (thrown) {
        await this.beginAnew(reasonToRefuse(thrown));
      }
    }
    if (this.taken.length > 0 || step !== undefined) this.tell(step);
    return step;
  }

  /** After a step. Once the last phase has begun that training leads to, all that is worth keeping has been. */
  async stepped(augmenter: Augmenter, { phase }: StepProgress): Promise<void> {
    this.begun = true;
    const last = phase === 'search';
    const due = this.now() >= (last ? this.opened + worthKeeping : this.dueAt);
    if (this.stage === 'search' && due) await this.keep(augmenter);
    if (last) this.stage = 'over';
  }

  /** All that is not yet kept, if it can be: also when the search is about to be left. */
  async keep(augmenter: Augmenter): Promise<void> {
    const { store } = this;
    if (store === undefined || this.stage === 'over') return;
    const start = this.now();
    try {
      if (this.begun) await store.write(searchName, augmenter.searchRecord());
      for (const rows of this.unkept.splice(0)) {
        await store.write(nameOf(rows), augmenter.rowsRecord(rows.part, rows.first, rows.first + rows.count));
        this.rows.push(rows);
      }
      const inStage = this.now() - this.stageStart;
      const extract = this.before.extract + (this.stage === 'rows' ? inStage : this.extractSeconds);
      const train = this.before.train + (this.stage === 'rows' ? 0 : inStage);
      await store.write(indexName, new TextEncoder().encode(JSON.stringify({
        offramp_progress: version, rows: this.rows, seconds: { extract, train }, links: [...this.links.values()],
      })));
    } catch (thrown) {
      this.giveUp(thrown);
    }
    const end = this.now();
    this.dueAt = end + Math.max(leastInterval, leastMultiple * (end - start));
  }

  private tell(step: StepProgress | undefined): void {
    if (!this.told || step !== undefined) this.kept.onResume?.(countAll(this.taken), step);
    this.told = true;
  }

  private async read(name: string): Promise<Uint8Array | undefined> {
    try {
      return await this.store?.read(name);
    } catch (thrown) {
      this.giveUp(thrown);
      return undefined;
    }
  }

  private giveUp(thrown: unknown): void {
    this.store = undefined;
    this.kept.onProblem?.(`progress is not kept: ${OfframpError.from(thrown).message}`);
  }

  /** From rows on, those already taken over excepted, or from the first step on. */
  private async beginAnew(why: string): Promise<void> {
    const rows = this.stage === 'rows';
    this.kept.onProblem?.(`${rows ? 'kept progress' : 'the kept search'} cannot be gone on from (${why}); it begins anew`);
    this.before = rows ? { extract: 0, train: 0 } : { ...this.before, train: 0 };
    if (rows) this.unkept.push(...this.taken);
    try {
      if (rows) {
        this.rows.splice(0);
        await this.store?.clear();
      } else {
        await this.store?.write(searchName, new Uint8Array(0));
      }
    } catch (thrown) {
      this.giveUp(thrown);
    }
  }
}

function reasonToRefuse(thrown: unknown): string {
  const error = OfframpError.from(thrown);
  if (error.code !== 'invalid_argument' && error.code !== 'invalid_data') throw error;
  return error.message;
}

const isCount = (value: Json | undefined): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isSeconds = (value: Json | undefined): value is number => typeof value === 'number' && value >= 0;
const isPart = (value: Json | undefined): value is Part => value === 'train' || value === 'select' || value === 'test' || value === 'certify';

const isFigure = (value: Json | undefined): value is number => typeof value === 'number' && value >= 0;

function parseLink(entry: Json): LinkFigures | undefined {
  if (!isJsonObject(entry)) return undefined;
  const { url, rttNs, bytesPerS, backBytesPerS, models } = entry;
  if (typeof url !== 'string' || !isFigure(rttNs) || !isFigure(bytesPerS) || !Array.isArray(models)) return undefined;
  return { url, rttNs, bytesPerS, backBytesPerS: isFigure(backBytesPerS) ? backBytesPerS : undefined, models: models.map(String) };
}

function parseIndex(text: string): { rows: Rows[]; seconds: Seconds; links: LinkFigures[] } | undefined {
  let index: Json;
  try {
    index = JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
  if (!isJsonObject(index) || index['offramp_progress'] !== version || !Array.isArray(index['rows']) || !isJsonObject(index['seconds'])) return undefined;
  const { extract, train } = index['seconds'];
  if (!isSeconds(extract) || !isSeconds(train)) return undefined;
  const rows: Rows[] = [];
  for (const entry of index['rows']) {
    if (!isJsonObject(entry)) return undefined;
    const { part, first, count } = entry;
    if (!isPart(part) || !isCount(first) || !isCount(count) || count === 0) return undefined;
    rows.push({ part, first, count });
  }
  const links = (Array.isArray(index['links']) ? index['links'] : []).map(parseLink);
  return links.includes(undefined) ? undefined : { rows, seconds: { extract, train }, links: links as LinkFigures[] };
}
