// Drives a search: begin, pause, go on, cancel; and what the page shows of it. Pausing keeps what was done, as closing the tab does.
import { OfframpError } from '@offramp/engine';
import { judgeModel } from '../../app/judge_model.js';
import { searchSeed, showSets } from '../../app/open_sets.js';
import type { Project } from '../../app/project.svelte.js';
import type { SearchEvent, SearchSettings } from '../../worker/calls/search.js';

/** What the user chooses. */
export interface SearchForm {
  maxDropPp: number;
  maxExits: number;
  effort: 'quick' | 'usual' | 'thorough';
  certify: boolean;
  balanced: boolean;
}

// Epochs of training. Undefined: as many as the core's budget allows for the model and rows at hand.
const effortEpochs = { quick: 3, usual: undefined, thorough: 60 } as const;

export const firstForm = (example: boolean): SearchForm => ({ maxDropPp: 1, maxExits: 2, effort: example ? 'quick' : 'usual', certify: false, balanced: false });

export function settingsOf(form: SearchForm, project: Project): SearchSettings {
  const epochs = effortEpochs[form.effort];
  return {
    seed: searchSeed, maxDropPp: form.maxDropPp, maxExits: form.maxExits, ...(epochs === undefined ? {} : { epochs }),
    ...(form.certify ? { certifyPp: form.maxDropPp, confidence: 95 } : {}), ...(form.balanced ? { classWeights: 'balanced' as const } : {}),
    ...(project.targets === undefined ? {} : { targets: project.targets }),
  };
}

/** `goOn`: from what was kept of the same search. Ends when the search is done, paused, cancelled or failed; nothing is thrown. */
export async function runSearch(project: Project, settings: SearchSettings, goOn = false): Promise<void> {
  const { model, data } = project;
  if (model === undefined || data === undefined) return;
  const abort = new AbortController();
  const before = goOn ? project.search : undefined;
  project.result = undefined;
  project.search = {
    state: 'running', abort, settings, remarks: [],
    ...(before?.accuracies === undefined ? {} : { accuracies: before.accuracies }), ...(before?.progress === undefined ? {} : { progress: before.progress }),
  };
  const mine = (): boolean => project.search.abort === abort;
  const change = (part: Partial<Project['search']>): void => { if (mine()) project.search = { ...project.search, ...part }; };
  try {
    const shown = { name: model.name, example: model.example };
    const made = await project.engine.call('search', { settings, preprocess: data.prepared.preprocess, shown, goOn }, {
      signal: abort.signal, onProgress: (event) => change(partOf(event, project)),
    });
    if (!mine()) return;
    await project.useResult({ ...made, source: 'search', name: model.name.replace(/\.onnx$/i, '') });
    change({ state: 'done' });
  } catch (thrown) {
    const error = OfframpError.from(thrown);
    change(error.code === 'cancelled' ? { state: 'paused' } : { state: 'failed', error });
  }
}

function partOf(event: SearchEvent, project: Project): Partial<Project['search']> {
  switch (event.kind) {
    case 'progress': return { progress: event.progress };
    case 'accuracies': return { accuracies: event.accuracies };
    case 'remark': return { remarks: [...project.search.remarks ?? [], event.text] };
    case 'resumed': return { resumed: { rows: event.rows, step: event.step } };
    case 'unkept': return { unkept: event.reason };
  }
}

/** What was done stays kept. */
export function pauseSearch(project: Project): void {
  project.search.abort?.abort();
}

/** What was done goes. */
export async function cancelSearch(project: Project): Promise<void> {
  project.search.abort?.abort();
  project.search = { state: 'idle' };
  await project.engine.call('forgetSearch', null);
}

/** After a reload: the model and the rows as they were, and on with the search. Errors: those of reading what was kept. */
export async function goOnWithLeftSearch(project: Project): Promise<void> {
  const { model, shown, sets, preprocess, settings } = await project.engine.call('reopenSearch', null);
  project.setModel({ ...model, ...shown, findings: judgeModel(model.report) } as NonNullable<Project['model']>);
  await showSets(project, sets, preprocess);
  project.targets = settings.targets;
  project.goTo('search');
  void runSearch(project, settings, true);
}
