// Labelled rows to try and to evaluate on: those of the search, or others that the user adds.
import { OfframpError } from '@offramp/engine';
import type { GivenFile } from '../../ui/given_files.js';
import type { RowsSummary, SampleRow } from '../../worker/calls/run.js';
import type { EngineClient } from '../../worker/engine_client.js';

export class Rows {
  summary = $state.raw<RowsSummary>();
  error = $state.raw<OfframpError>();
  reading = $state(false);
  /** Grows with every other set. */
  version = $state(0);
  private begun = false;

  constructor(readonly engine: EngineClient) {}

  /** The rows that the worker has already. */
  async begin(): Promise<void> {
    if (this.begun) return;
    this.begun = true;
    this.summary = await this.engine.call('searchRows', null).catch(() => undefined);
  }

  async add(files: GivenFile[]): Promise<void> {
    this.reading = true;
    this.error = undefined;
    try {
      this.summary = await this.engine.call('readRows', { files: files.map(({ path, file }) => ({ path, file })) });
      this.version += 1;
    } catch (thrown) {
      this.error = OfframpError.from(thrown);
    } finally {
      this.reading = false;
    }
  }

  row(row: number): Promise<SampleRow> {
    return this.engine.call('sampleRow', { row });
  }
}
