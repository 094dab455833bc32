// Examples whose samples this project makes itself: rows by group number, so that each part's rows come from makers that no other part has.
import type { Dataset, Json, JsonObject } from '@offramp/engine';
import { Random } from './random.js';

/** What one whistler or patient yields, in the order of time. */
export interface GroupRows {
  /** f32 values of one sample each. */
  samples: Float32Array[];
  classes: number[];
}

export interface SyntheticTask {
  name: string;
  seed: number;
  /** Of a raw sample. */
  sampleShape: readonly number[];
  labels: readonly string[];
  preprocess: readonly JsonObject[];
  /** That the base model learnt from. */
  rowsPerGroup: number;
  makeGroup(random: Random, rows: number): GroupRows;
}

export interface Groups {
  first: number;
  count: number;
  /** Of each. */
  rows: number;
}

/** The base models learnt from groups below `mostTrained`; thresholds and figures come from groups that they have never seen. */
export const mostTrained = 10_000;
export const partGroups = {
  // Many makers with few rows each: rows of one maker are alike, and thresholds shall hold for others.
  train: { first: 0, count: 90, rows: 20 },
  select: { first: mostTrained, count: 80, rows: 20 },
  test: { first: 2 * mostTrained, count: 70, rows: 20 },
} as const satisfies Record<string, Groups>;

export interface MakingControls {
  /** Called between groups; what it returns is waited for, so it may hand time to others or throw. */
  onGroup?: ((done: number, total: number) => void | Promise<void>) | undefined;
}

/**
 * Rows of whole groups, the same on every host.
 * Shapes: x f32 [groups.count x groups.rows, ...sampleShape]; a row's group is its maker, its order the place in the maker's time.
 */
export async function makeRows(task: SyntheticTask, part: string, groups: Groups, controls: MakingControls = {}): Promise<Dataset> {
  const rows = groups.count * groups.rows;
  const each = task.sampleShape.reduce((product, dim) => product * dim, 1);
  const values = new Float32Array(rows * each);
  const y = new Int32Array(rows);
  const group = new Float64Array(rows);
  const order = new Float64Array(rows);
  for (let index = 0; index < groups.count; index += 1) {
    const maker = groups.first + index;
    const made = task.makeGroup(new Random(task.seed, maker), groups.rows);
    made.samples.forEach((sample, place) => {
      const row = index * groups.rows + place;
      values.set(sample, row * each);
      y[row] = made.classes[place] as number;
      group[row] = maker;
      order[row] = place;
    });
    await controls.onGroup?.(index + 1, groups.count);
  }
  const preprocess: Json[] = task.preprocess.map((step) => ({ ...step }));
  return {
    name: `${task.name} (${part})`, x: { dtype: 'f32', dims: [rows, ...task.sampleShape], data: new Uint8Array(values.buffer) }, y, groups: group, order,
    labels: [...task.labels], preprocess,
  };
}
