// From a model and rows to a package.
import { Augmentation } from './augmentation.js';
import type { Dataset } from './data/dataset.js';
import type { Engine } from './engine.js';
import type { HostControls } from './evaluate.js';
import type { Json } from './json.js';
import type { KeptProgress } from './kept_progress.js';
import type { FeatureServerOptions } from './offload/feature_server.js';
import type { LinkFigures, LinkOptions } from './offload/link_speed.js';
import type { Backend, PackageFile } from './raw_module.js';
import type { AugmentReport } from './reports.js';

/** What the core's Augmenter takes; left out means its default. */
export interface AugmentOptions {
  maxDropPp?: number | undefined;
  /** Most that any class may lose, in points of its own rows. */
  maxClassDropPp?: number | undefined;
  /** A share; what no plan and not even the model reaches is refused as infeasible. */
  minAccuracy?: number | undefined;
  rule?: 'harm' | 'accuracy' | 'weighted' | undefined;
  /** For the rule weighted: of cost, against the rest on error. */
  costWeight?: number | undefined;
  maxExits?: number | undefined;
  levels?: number | undefined;
  seed?: number | undefined;
  epochs?: number | undefined;
  /** Balanced: rare classes weigh more while heads are trained. */
  classWeights?: 'none' | 'balanced' | undefined;
  backend?: Backend | undefined;
  method?: 'joint' | 'paper' | undefined;
  /** Certify that harm is at most so many percentage points; `data.certify` must be there. */
  certifyPp?: number | undefined;
  /** Of the certificate, in percent. */
  confidence?: number | undefined;
  /** What the paper's method weighs cost with, 0 to 1; accuracy has the rest. */
  paperCostWeight?: number | undefined;
  /** Thresholds of the paper's method are multiplied by it, where select rows are those the model was trained on. */
  paperCorrection?: number | undefined;
  preprocess: Json[];
  labels?: string[] | undefined;
  /** The name of a preset, or targets.json itself; a link in it that is to be measured is, before anything else. */
  targets?: Json | undefined;
  cost?: 'macs' | 'latency' | 'energy' | 'link_bytes' | undefined;
  /** Of the worst case, in place of the targets' own limit. */
  maxLatencyMs?: number | undefined;
}

/** Without select rows (a set of none), thresholds are chosen on the train rows, by heads that were trained without them. */
export interface AugmentData {
  train: Dataset;
  select: Dataset;
  test: Dataset;
  certify?: Dataset | undefined;
  /** What was said about how the rows came about; the report repeats it. */
  said?: readonly string[] | undefined;
}

export interface AugmentHost extends HostControls {
  /** The model's, to refuse labels past them before any work. */
  classes?: number | undefined;
  /** The model's bytes are not needed any more. What waits refers to them still, so that letting go is not enough: see collectGarbage(). */
  onModelRead?: (() => void) | undefined;
  /** What a user should know about the data or the model; the report's `remarks` too. */
  onRemark?: ((remark: string) => void) | undefined;
  /** As Augmenter.accuracies(), whenever heads have been graded. */
  onAccuracies?: ((byExitPoint: Float32Array) => void) | undefined;
  /** Where to keep progress, and to go on from what is there; a search that goes on comes to the same plan as one that ran through. */
  kept?: KeptProgress | undefined;
  /** For links that are to be measured: the server's token, the host's fetch. */
  linkClient?: LinkOptions['client'];
  /** Who runs the model on the rows, in place of this machine; views that heads are trained on are made here all the same. */
  extractOn?: FeatureServerOptions | undefined;
  onLink?: ((link: LinkFigures) => void) | undefined;
}

export interface AugmentOutcome {
  report: AugmentReport;
  files: PackageFile[];
}

/** What plans from the same heads may differ in. */
export type PlanOptions = Omit<AugmentOptions, 'seed' | 'epochs' | 'backend' | 'preprocess' | 'labels'>;

/**
 * Errors: as the core's augmenter, naming the data; cancelled as soon as the piece at work is done.
 */
export function augmentModel(
  engine: Engine, model: Uint8Array, data: AugmentData, options: AugmentOptions, host: AugmentHost = {},
): Promise<AugmentOutcome> {
  return augmentPlans(engine, model, data, options, [], host).then(([first]) => first as AugmentOutcome);
}

/** As augmentModel, and then a plan for each of `others` from the same heads, which were chosen with `options` in view. */
export async function augmentPlans(
  engine: Engine, model: Uint8Array, data: AugmentData, options: AugmentOptions, others: readonly PlanOptions[], host: AugmentHost = {},
): Promise<AugmentOutcome[]> {
  const augmentation = await Augmentation.run(engine, model, data, options, host);
  try {
    const outcomes = [augmentation.outcome];
    for (const plan of others) outcomes.push(await augmentation.replan(plan));
    return outcomes;
  } finally {
    augmentation.dispose();
  }
}
