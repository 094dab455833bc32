// The targets step's state: what the user edits, and what was measured. Every change is the project's at once.
import { OfframpError, parseJson, type Json } from '@offramp/engine';
import type { Project } from '../../app/project.svelte.js';
import { fromTargetsJson, nameProblem, toTargetsJson, withStatedLinks, type TargetsDraft } from './draft.js';
import { draftOf } from './presets.js';

export class TargetsState {
  preset = $state('this-device');
  draft = $state<TargetsDraft>(draftOf('this-device'));
  /** Of this device on the model that it was measured with. */
  measured = $state.raw<{ model: string; macsPerS: number }>();
  measuring = $state(false);
  error = $state.raw<OfframpError>();
  /** A file wanted a link measured, which a page does when it is told to. */
  linkToTest = $state(false);
  readonly namesFine = $derived(this.draft.targets.every((_, index) => nameProblem(this.draft, index) === undefined));

  constructor(private readonly project: Project) {}

  choose(preset: string): void {
    this.preset = preset;
    this.edit(draftOf(preset));
  }

  /** A change of the user's. */
  edit(draft: TargetsDraft): void {
    this.draft = draft;
    this.changed();
  }

  changed(): void {
    this.error = undefined;
    this.linkToTest = false;
    this.project.targets = this.namesFine ? toTargetsJson($state.snapshot(this.draft)) : undefined;
  }

  async measure(): Promise<void> {
    const model = this.project.model?.name ?? '';
    this.measuring = true;
    this.error = undefined;
    try {
      const { macsPerS } = await this.project.engine.call('measureDevice', {});
      this.measured = { model, macsPerS };
    } catch (thrown) {
      this.error = OfframpError.from(thrown);
    } finally {
      this.measuring = false;
    }
  }

  async open(file: File): Promise<void> {
    this.error = undefined;
    try {
      if (file.size > 2 ** 20) throw new OfframpError('limit_exceeded', `${file.name} has ${file.size} bytes; a targets.json has a few hundred`);
      const { json, open } = withStatedLinks(parseJson(await file.text(), file.name, 'invalid_argument'));
      await this.check(json);
      this.preset = 'own';
      this.edit(fromTargetsJson(json));
      this.linkToTest = open;
    } catch (thrown) {
      this.error = OfframpError.from(thrown);
    }
  }

  /** Whether the core takes the targets; what it says is shown. */
  async accepted(): Promise<boolean> {
    try {
      await this.check(toTargetsJson($state.snapshot(this.draft)));
      this.changed();
      return true;
    } catch (thrown) {
      this.error = OfframpError.from(thrown);
      return false;
    }
  }

  private check(targets: Json): Promise<unknown> {
    return this.project.engine.call('checkTargets', { targets });
  }
}
