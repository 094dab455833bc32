// The search step's calls: a search with progress that is kept, so that it can be paused, and goes on after a reload.
import {
  Augmentation, choosePreprocess, makeParts, modelClasses, OfframpError, throwIfAborted, within, type AugmentOptions, type AugmentReport, type InspectReport, type Json,
  type KeptProgress, type NamedSets, type PackageFile, type Parts, type Progress,
} from '@offramp/engine';
import { KeptWork, type KeptSession } from '../kept/kept_work.js';
import { inTurn } from '../in_turn.js';
import type { Call, CallContext, Handlers } from '../protocol.js';
import { modelReport, namedSets, summarise, type SetSummary } from './data.js';
import { forgetFoundPlans } from './package.js';

/** As the command's options of the same names. */
export type SearchSettings = Pick<AugmentOptions,
  'maxDropPp' | 'maxClassDropPp' | 'maxExits' | 'epochs' | 'classWeights' | 'certifyPp' | 'confidence' | 'targets' | 'cost' | 'maxLatencyMs'> & { seed: number };

export type SearchEvent =
  | { kind: 'progress'; progress: Progress }
  /** By exit point that heads are trained at, the best share of rows answered right so far; 0 where there is none yet. */
  | { kind: 'accuracies'; accuracies: number[] }
  | { kind: 'remark'; text: string }
  /** What was kept is gone on from: rows whose features are there, and the step. */
  | { kind: 'resumed'; rows: number; step: string | undefined }
  /** Progress is not kept. */
  | { kind: 'unkept'; reason: string };

export interface KeptSearch {
  shown: KeptSession['shown'];
  model: { report: InspectReport; bytes: number; classes?: number };
  sets: SetSummary[];
  preprocess: Json[];
  settings: SearchSettings;
}

export type SearchCalls = {
  /**
   * From the open model and rows to a package. With `goOn` from what was kept of the same search. Errors: as Augmentation.run; cancelled, with
   * progress kept.
   */
  search: Call<{ settings: SearchSettings; preprocess: Json[]; shown: KeptSession['shown']; goOn: boolean }, { report: AugmentReport; files: PackageFile[] }, SearchEvent>;
  /** Whether a search was left in the middle, in this tab or before a reload; for what to ask the user. */
  leftSearch: Call<null, { name: string } | undefined>;
  /** Opens the model and the rows of the search that was left. Errors: invalid_argument if there is none. */
  reopenSearch: Call<null, KeptSearch>;
  forgetSearch: Call<null, null>;
};

/** Undefined where the browser keeps nothing for this page. */
async function openKept(onProblem: (reason: string) => void): Promise<KeptWork | undefined> {
  try {
    return await KeptWork.open();
  } catch (thrown) {
    onProblem(OfframpError.from(thrown).message);
    return undefined;
  }
}

async function withKept<T>(work: (kept: KeptWork) => Promise<T>, otherwise: T): Promise<T> {
  const kept = await openKept(() => undefined);
  if (kept === undefined) return otherwise;
  try {
    return await work(kept);
  } finally {
    kept.close();
  }
}

async function search(
  { settings, preprocess, shown, goOn }: SearchCalls['search']['args'], context: CallContext<SearchEvent>,
): Promise<SearchCalls['search']['result']> {
  throwIfAborted(context.signal); // it may have waited
  const { state, signal, progress: tell } = context;
  const { model } = state;
  const report = modelReport(state);
  const sets = namedSets(state);
  if (model === undefined) throw new OfframpError('invalid_argument', 'no model is open');
  const engine = await context.engine();
  forgetFoundPlans(state);
  const { steps } = choosePreprocess(report, sets.data, preprocess);
  const { seed, ...plan } = settings;
  const parts = makeParts(engine, sets, seed, plan.certifyPp !== undefined);
  const unkept = (reason: string): void => tell({ kind: 'unkept', reason });
  const work = await openKept(unkept);
  try {
    if (!goOn) await work?.begin({ version: 1, model, shown, sets: state.sets ?? {}, preprocess, settings }).catch((thrown: unknown) => unkept(OfframpError.from(thrown).message));
    const kept: KeptProgress | undefined = work && {
      store: work.progress, onProblem: unkept, onResume: (rows, step) => tell({ kind: 'resumed', rows, step: step?.phase }),
    };
    const augmentation = await Augmentation.run(engine, model.bytes, { ...parts, said: partsSaid(parts, sets) }, { ...plan, seed, preprocess: steps, labels: sets.data.labels }, {
      classes: modelClasses(report), signal, kept,
      onProgress: (progress) => tell({ kind: 'progress', progress }),
      onAccuracies: (accuracies) => tell({ kind: 'accuracies', accuracies: [...accuracies] }),
      onRemark: (text) => tell({ kind: 'remark', text }),
    });
    state.search = { engine, augmentation };
    state.runRows = parts.test;
    await work?.clear().catch(() => undefined);
    return augmentation.outcome;
  } finally {
    work?.close();
  }
}

// One search at a time: one that was stopped still writes down what it has.
const afterLast = inTurn();

export const searchCalls: Handlers<SearchCalls> = {
  search: (args, context) => afterLast(() => search(args, context)),
  leftSearch: () => withKept(async (kept) => {
    const session = await kept.session();
    return session?.version === 1 ? { name: session.shown.name } : undefined;
  }, undefined),
  async reopenSearch(_, context) {
    const session = await withKept((kept) => kept.session(), undefined);
    if (session?.version !== 1) throw new OfframpError('invalid_argument', 'no search was left in the middle');
    return reopen(session, context);
  },
  forgetSearch: () => afterLast(() => withKept(async (kept) => {
    await kept.clear();
    return null;
  }, null)),
};

async function reopen({ model, shown, sets, preprocess, settings }: KeptSession, { state, engine }: CallContext<never>): Promise<KeptSearch> {
  const loaded = await engine();
  const report = within(model.name, () => loaded.inspect(model.bytes));
  state.model = model;
  state.report = report;
  state.sets = sets;
  const classes = modelClasses(report);
  return {
    shown, preprocess, settings, model: { report, bytes: model.bytes.length, ...(classes === undefined ? {} : { classes }) },
    sets: (['data', 'select', 'test'] as const).flatMap((role) => { const set = sets[role]; return set === undefined ? [] : [summarise(role, set, state)]; }),
  };
}

/** How the rows came about, in the page's words; the report repeats it. */
function partsSaid(parts: Parts, sets: NamedSets): string[] {
  const said: string[] = [];
  const crossFitted = parts.select.y.length === 0;
  if (sets.select === undefined) {
    said.push(crossFitted
      ? 'no unseen samples were given: the same rows train heads and choose thresholds, each row judged by heads that were trained without it'
      : 'no unseen samples were given: thresholds are chosen on part of the samples');
    said.push('if the model was trained on these samples, thresholds are too optimistic: add samples that it has not seen');
  }
  if (sets.test === undefined) said.push(`no test samples were given: ${parts.test.y.length} of the ${sets.select === undefined ? 'samples' : 'unseen samples'} are kept for the report`);
  if (parts.certify !== undefined) said.push(`${parts.certify.y.length} rows are kept for the certificate${sets.select === undefined ? '; if the model was trained on them, it does not hold' : ''}`);
  return said;
}
