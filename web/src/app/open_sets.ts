// Rows from the user's hands to a checked set: read, prepared as a search would, and the model tried on some of them.
import type { Json } from '@offramp/engine';
import { examplesFolder } from '../examples/fetch_model.js';
import type { ExampleId } from '../examples/list.js';
import type { GivenFile } from '../ui/given_files.js';
import type { SetRole, SetSummary } from '../worker/calls/data.js';
import type { Fix } from '../worker/data/base_check.js';
import type { Project, ProjectData } from './project.svelte.js';

export const searchSeed = 0; // as the command's

export interface GivenSet {
  role: SetRole;
  name: string;
  files: GivenFile[];
}

/** `ready` is called when a search may start, while the model is tried on the rows still. */
type Ready = () => void;

/** Errors: what readers say, naming set and place. What was open before stays then. */
export async function openSets(project: Project, given: readonly GivenSet[], ready: Ready): Promise<void> {
  const sets: Partial<Record<SetRole, SetSummary>> = { ...project.data?.sets };
  for (const { role, name, files } of given) {
    sets[role] = await project.engine.call('openSet', { role, name, files: files.map(({ path, file }) => ({ path, file })) });
  }
  // Steps that were chosen for the samples hold for more of their kind.
  await prepare(project, sets, given.some(({ role }) => role === 'data') ? undefined : project.data?.prepared.preprocess, ready);
}

/** The rows of a bundled example, in place of any that were open. */
export async function openExampleSets(project: Project, id: ExampleId, ready: Ready): Promise<void> {
  const summaries = await project.engine.call('openExample', { id, folder: examplesFolder() });
  await prepare(project, Object.fromEntries(summaries.map((summary) => [summary.role, summary])), undefined, ready);
}

export async function removeSet(project: Project, role: SetRole, ready: Ready): Promise<void> {
  await project.engine.call('removeSet', { role });
  const sets = { ...project.data?.sets };
  delete sets[role];
  if (role === 'data') for (const other of ['select', 'test'] as const) await project.engine.call('removeSet', { role: other });
  if (role === 'data' || sets.data === undefined) project.setData(undefined);
  else await prepare(project, sets, undefined, ready);
}

/** The steps that the user chose, or a fix that was offered. */
export async function usePreprocess(project: Project, preprocess: Json[]): Promise<void> {
  if (project.data !== undefined) await prepare(project, project.data.sets, preprocess);
}

export async function applyFix(project: Project, fix: Fix): Promise<void> {
  const { data } = project;
  if (data === undefined) return;
  if (fix.kind === 'preprocess') {
    await usePreprocess(project, fix.steps);
    return;
  }
  const summaries = await project.engine.call('renumberLabels', { order: fix.order });
  await prepare(project, Object.fromEntries(summaries.map((summary) => [summary.role, summary])), data.prepared.preprocess);
}

/** Sets that are open in the worker already. */
export function showSets(project: Project, summaries: readonly SetSummary[], preprocess: Json[]): Promise<void> {
  return prepare(project, Object.fromEntries(summaries.map((summary) => [summary.role, summary])), preprocess);
}

async function prepare(project: Project, sets: Partial<Record<SetRole, SetSummary>>, preprocess: Json[] | undefined, ready?: Ready): Promise<void> {
  const { data } = sets;
  if (data === undefined) return;
  const prepared = await project.engine.call('prepareRows', { preprocess, seed: searchSeed });
  const opened = { sets: { ...sets, data }, prepared };
  project.setData(opened);
  ready?.();
  let checked: Partial<ProjectData>;
  try {
    checked = { base: await project.engine.call('checkBase', { preprocess: prepared.preprocess, seed: searchSeed }) };
  } catch (thrown) {
    checked = { baseError: thrown };
  }
  // The same rows: a search that was started meanwhile goes on.
  if (project.data === opened) project.data = { ...opened, ...checked };
}
