// All that the page knows of the user's work. One instance, handed to components by context.
import { getContext, setContext } from 'svelte';
import type { AugmentReport, Json, JsonObject, OfframpError, PackageFile, Progress } from '@offramp/engine';
import type { StageFacts } from '../steps/plan/lanes.js';
import type { PreparedRows, SetRole, SetSummary } from '../worker/calls/data.js';
import type { SearchSettings } from '../worker/calls/search.js';
import type { OpenedModel } from '../worker/calls/model.js';
import type { BaseCheck } from '../worker/data/base_check.js';
import type { EngineClient } from '../worker/engine_client.js';
import type { Finding } from './judge_model.js';
import type { ExampleId } from '../examples/list.js';
import { stepIds, type StepId } from './steps.js';

export interface ProjectModel extends OpenedModel {
  name: string;
  /** Of the bundled examples, if it is one. */
  example?: ExampleId;
  /** What keeps it from being given exits. */
  findings: Finding[];
}

/** Rows that were read; they themselves stay in the worker. */
export interface ProjectData {
  sets: Partial<Record<SetRole, SetSummary>> & { data: SetSummary };
  /** Preprocessing, parts and remarks, as a search would use them. */
  prepared: PreparedRows;
  /** Absent until it is there. */
  base?: BaseCheck;
  /** Why the model could not be tried on the rows. */
  baseError?: unknown;
}

export interface ProjectSearch {
  state: 'idle' | 'running' | 'paused' | 'done' | 'failed';
  settings?: SearchSettings;
  progress?: Progress;
  /** By exit point, the best head's share of right answers so far. */
  accuracies?: number[];
  remarks?: string[];
  /** What was taken over from an earlier go. */
  resumed?: { rows: number; step: string | undefined };
  /** Why nothing can be kept. */
  unkept?: string;
  error?: OfframpError;
  /** Of the search at work. */
  abort?: AbortController;
}

/** A package as a search or an opened file gives it. */
export interface MadePackage {
  /** A package made by other means may have none. */
  report: AugmentReport | undefined;
  files: PackageFile[];
  source: 'search' | 'opened';
  /** For messages and downloads, without an ending. */
  name: string;
  /** Of a plan that was picked: what the search itself chose. */
  before?: MadePackage | undefined;
}

export interface ProjectResult extends MadePackage {
  manifest: JsonObject;
  stages: StageFacts[];
  labels: string[];
}

export class Project {
  step = $state<StepId>('model');
  model = $state.raw<ProjectModel>();
  data = $state.raw<ProjectData>();
  private preparations = $state.raw<readonly { what: string }[]>([]);
  /** targets.json, or nothing: all on this device. */
  targets = $state.raw<Json>();
  search = $state.raw<ProjectSearch>({ state: 'idle' });
  result = $state.raw<ProjectResult>();

  constructor(readonly engine: EngineClient) {}

  /** Why a step cannot be walked to yet; undefined if it can. */
  blocked(step: StepId): string | undefined {
    switch (step) {
      case 'model': return undefined;
      case 'data': case 'targets': return this.noModel();
      case 'search': return this.noModel() ?? (this.data === undefined ? 'Add data first' : this.data.baseError === undefined ? undefined : 'The samples do not fit the model yet');
      case 'plan': case 'run': return this.result === undefined ? 'Search first, or open a package' : undefined;
    }
  }

  private noModel(): string | undefined {
    if (this.model === undefined) return 'Pick a model first';
    return this.model.findings.length > 0 ? 'This model cannot be given exits' : undefined;
  }

  isDone(step: StepId): boolean {
    switch (step) {
      case 'model': return this.noModel() === undefined;
      case 'data': return this.data !== undefined;
      case 'targets': return this.targets !== undefined;
      case 'search': case 'plan': return this.result !== undefined;
      case 'run': return false;
    }
  }

  goTo(step: StepId): void {
    if (this.blocked(step) === undefined) this.step = step;
  }

  next(): void {
    const after = stepIds[stepIds.indexOf(this.step) + 1];
    if (after !== undefined) this.goTo(after);
  }

  /** Another model: what was made for the last one goes. */
  setModel(model: ProjectModel | undefined): void {
    this.model = model;
    this.setData(undefined);
  }

  /** What plan and run are about from now on. Errors: what the core says of a package that does not load. */
  async useResult(made: MadePackage): Promise<void> {
    const { manifest, stages } = await this.engine.call('usePackage', { name: made.name, files: made.files });
    const { labels } = manifest['model'] as { labels: string[] }; // the core has checked it
    this.result = { ...made, manifest, stages, labels };
  }

  /** A package from a file leads straight to its plan. Errors: as openPackage. */
  async openPackage(files: readonly { path: string; file: Blob }[]): Promise<void> {
    const { name, files: packaged, report } = await this.engine.call('openPackage', { files: files.map(({ path, file }) => ({ path, file })) });
    await this.useResult({ name, files: packaged, report, source: 'opened' });
    this.goTo('plan');
  }

  /** Samples are on their way: what is being done. A search would not see them. */
  get preparing(): string | undefined {
    return this.preparations.at(-1)?.what;
  }

  /** `what` stands on the page until the work is done or has told that the samples are `ready`. */
  async prepare(what: string, work: (ready: () => void) => Promise<void>): Promise<void> {
    const own = { what };
    const ready = (): void => { this.preparations = this.preparations.filter((other) => other !== own); };
    this.preparations = [...this.preparations, own];
    try {
      await work(ready);
    } finally {
      ready();
    }
  }

  /** Other rows: a result of earlier ones no longer holds. */
  setData(data: ProjectData | undefined): void {
    this.data = data;
    this.search.abort?.abort();
    this.search = { state: 'idle' };
    this.result = undefined;
  }
}

const key = Symbol('project');
export const provideProject = (project: Project): Project => setContext(key, project);
export const useProject = (): Project => getContext<Project>(key);
