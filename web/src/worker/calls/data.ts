// The data step's calls. Rows stay in the worker; the page gets summaries and a few samples to look at.
import {
  OfframpError, checkLabelRange, choosePreprocess, invalidArgument, makeParts, modelClasses, modelInputShape, readDataset, remarkOnRows, withinAsync,
  type Dataset, type InspectReport, type Json, type NamedSets,
} from '@offramp/engine';
import type { ExampleId } from '../../examples/list.js';
import { loadExample } from '../../examples/load_example.js';
import { checkBase, type BaseCheck } from '../data/base_check.js';
import { givenTree, type GivenBlob } from '../data/given_tree.js';
import { pictureDecoder } from '../data/pictures.js';
import { previewsOf, type Preview } from '../data/previews.js';
import type { Call, Handlers, WorkerState } from '../protocol.js';

/** data trains heads; select chooses thresholds, on rows that the model has not seen; test is only reported. */
export type SetRole = 'data' | 'select' | 'test';

export interface SetSummary {
  role: SetRole;
  name: string;
  rows: number;
  /** Of a sample. */
  shape: number[];
  dtype: string;
  labels?: string[];
  /** By class. */
  classCounts: number[];
  grouped: boolean;
  previews: Preview[];
}

export interface PreparedRows {
  /** From raw samples to the model's inputs. */
  preprocess: Json[];
  /** What was assumed, as the data bring no preprocessing. */
  assumed?: string;
  parts: Record<'train' | 'select' | 'test', { rows: number; classCounts: number[] }>;
  /** How the parts came about, and what a user should know about them. */
  remarks: string[];
}

export type DataCalls = {
  /** Reads a set and keeps it. Errors: what the reader says, naming the place; of labels past the model's classes. */
  openSet: Call<{ role: SetRole; name: string; files: GivenBlob[] }, SetSummary>;
  /** All sets of a bundled example; `folder` has its files. Errors: cancelled; invalid_data if they are not there. */
  openExample: Call<{ id: ExampleId; folder: string }, SetSummary[], { done: number; total: number }>;
  removeSet: Call<{ role: SetRole }, null>;
  /** Preprocessing and parts as a search would use them. `preprocess` overrides what the data say or the shapes suggest. */
  prepareRows: Call<{ preprocess?: Json[] | undefined; seed: number }, PreparedRows>;
  /** The model alone on some rows of the test part. */
  checkBase: Call<{ preprocess: Json[]; seed: number }, BaseCheck>;
  /** `order`: by label, the class that it is for the model. Of all sets. */
  renumberLabels: Call<{ order: number[] }, SetSummary[]>;
};

declare module '../protocol.js' {
  interface WorkerState {
    report?: InspectReport;
    sets?: Partial<Record<SetRole, Dataset>>;
  }
}

const previewCount = 24;

export const dataCalls: Handlers<DataCalls> = {
  openSet({ role, name, files }, { state, signal }) {
    return withinAsync(name, async () => {
      const report = modelReport(state);
      const shape = modelInputShape(report).slice(1);
      const { tree, entry, assembled } = await givenTree(files);
      const classOrder = role === 'data' ? undefined : state.sets?.data?.labels;
      const dataset = await readDataset(tree, entry, {
        name, decodePicture: pictureDecoder(shape.length === 3 ? [shape[0], shape[2]].find((size) => size === 1 || size === 3) ?? undefined : undefined),
        ...(classOrder === undefined ? {} : { classOrder }),
      });
      if (assembled === true) delete dataset.preprocess;
      if (signal.aborted) throw new OfframpError('cancelled', 'stopped');
      const classes = modelClasses(report);
      if (classes !== undefined) {
        checkLabelRange(dataset.y, classes, 'the model has');
        if (dataset.labels !== undefined && dataset.labels.length !== classes) {
          throw new OfframpError('invalid_data', `the data name ${dataset.labels.length} classes (${dataset.labels.slice(0, 6).join(', ')}${dataset.labels.length > 6 ? ', ...' : ''}), the model tells ${classes} apart`);
        }
      }
      choosePreprocess(report, dataset, undefined); // refuses samples that do not fit
      state.sets = { ...state.sets, [role]: dataset };
      return summarise(role, dataset, state);
    });
  },
  async openExample({ id, folder }, { state, signal, progress }) {
    const sets = await loadExample(id, { folder, signal, onProgress: (done, total) => progress({ done, total }) });
    state.sets = sets;
    return (['data', 'select', 'test'] as const).map((role) => summarise(role, sets[role], state));
  },
  removeSet({ role }, { state }) {
    delete state.sets?.[role];
    return null;
  },
  async prepareRows({ preprocess, seed }, { state, engine }) {
    const sets = namedSets(state);
    const { steps, assumed } = choosePreprocess(modelReport(state), sets.data, preprocess);
    const parts = makeParts(await engine(), sets, seed);
    const describe = (set: Dataset): { rows: number; classCounts: number[] } => ({ rows: set.y.length, classCounts: countClasses(set, state) });
    return {
      preprocess: steps, ...(assumed === undefined ? {} : { assumed }),
      parts: { train: describe(parts.train), select: describe(parts.select), test: describe(parts.test) },
      remarks: remarkOnRows(parts, sets.data.labels),
    };
  },
  async checkBase({ preprocess, seed }, { state, engine, signal }) {
    const { model } = state;
    if (model === undefined) throw invalidArgument('no model is open');
    const loaded = await engine();
    const parts = makeParts(loaded, namedSets(state), seed);
    return checkBase(loaded, model.bytes, parts.test, preprocess, signal);
  },
  renumberLabels({ order }, { state }) {
    const sets = state.sets ?? {};
    const summaries: SetSummary[] = [];
    for (const role of ['data', 'select', 'test'] as const) {
      const set = sets[role];
      if (set === undefined) continue;
      const names = set.labels;
      const renumbered: Dataset = {
        ...set, y: set.y.map((label) => order[label] ?? label),
        ...(names === undefined ? {} : { labels: order.map((_, at) => names[order.indexOf(at)] ?? String(at)) }),
      };
      sets[role] = renumbered;
      summaries.push(summarise(role, renumbered, state));
    }
    return summaries;
  },
};

export function modelReport(state: WorkerState): InspectReport {
  if (state.report === undefined) throw invalidArgument('no model is open');
  return state.report;
}

/** Errors: invalid_argument without data. */
export function namedSets(state: WorkerState): NamedSets {
  const { data, select, test } = state.sets ?? {};
  if (data === undefined) throw invalidArgument('no data are open');
  return { data, ...(select === undefined ? {} : { select }), ...(test === undefined ? {} : { test }) };
}

function countClasses(set: Dataset, state: WorkerState): number[] {
  const classes = modelClasses(modelReport(state)) ?? set.y.reduce((most, label) => Math.max(most, label + 1), 0);
  const counts = new Array<number>(classes).fill(0);
  for (const label of set.y) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

export function summarise(role: SetRole, set: Dataset, state: WorkerState): SetSummary {
  return {
    role, name: set.name, rows: set.y.length, shape: set.x.dims.slice(1), dtype: set.x.dtype, classCounts: countClasses(set, state),
    grouped: set.groups !== undefined, previews: previewsOf(set, modelInputShape(modelReport(state)).slice(1), previewCount),
    ...(set.labels === undefined ? {} : { labels: set.labels }),
  };
}
