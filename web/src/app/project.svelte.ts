// All that the page knows of the user's work. One instance, handed to components by context.
import { getContext, setContext } from 'svelte';
import type { AugmentReport, Json, JsonObject, PackageFile, Progress } from '@offramp/engine';
import type { EngineClient } from '../worker/engine_client.js';
import type { StageFacts } from '../steps/plan/lanes.js';
import type { OpenedModel } from '../worker/calls/model.js';
import { stepIds, type StepId } from './steps.js';

export interface ProjectModel extends OpenedModel {
  name: string;
  /** Of the bundled examples, if it is one. */
  example?: string;
}

/** Rows that were read; they themselves stay in the worker. */
export interface ProjectData {
  name: string;
  labels?: string[];
  /** From raw samples to the model's inputs. */
  preprocess: Json[];
  rows: { train: number; select: number; test: number };
  remarks: string[];
}

export interface ProjectSearch {
  state: 'idle' | 'running' | 'paused' | 'done' | 'failed';
  progress?: Progress;
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
  /** targets.json, or nothing: all on this device. */
  targets = $state.raw<Json>();
  search = $state.raw<ProjectSearch>({ state: 'idle' });
  result = $state.raw<ProjectResult>();

  constructor(readonly engine: EngineClient) {}

  /** Why a step cannot be walked to yet; undefined if it can. */
  blocked(step: StepId): string | undefined {
    switch (step) {
      case 'model': return undefined;
      case 'data': case 'targets': return this.model === undefined ? 'Pick a model first' : undefined;
      case 'search':
        if (this.model === undefined) return 'Pick a model first';
        return this.data === undefined ? 'Add data first' : undefined;
      case 'plan': case 'run': return this.result === undefined ? 'Search first, or open a package' : undefined;
    }
  }

  isDone(step: StepId): boolean {
    switch (step) {
      case 'model': return this.model !== undefined;
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

  /** Other rows: a result of earlier ones no longer holds. */
  setData(data: ProjectData | undefined): void {
    this.data = data;
    this.search = { state: 'idle' };
    this.result = undefined;
  }
}

const key = Symbol('project');
export const provideProject = (project: Project): Project => setContext(key, project);
export const useProject = (): Project => getContext<Project>(key);
