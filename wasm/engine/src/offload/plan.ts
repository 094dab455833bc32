// What a manifest says about stages, places and links, as the staged session and the fog server need it. The core has checked it.
import { OfframpError } from '../errors.js';
import type { JsonObject } from '../json.js';
import type { Encoding } from '../raw_module.js';

interface ManifestStage {
  sha256: string;
  macs: number;
  exit: { score: string; temperature: number; threshold: number; gate?: number[] } | null;
  boundary: { shape: number[] } | null;
}
interface Manifest {
  model: { input: { name: string; shape: number[] }; classes: number };
  stages: ManifestStage[];
  mapping: { target: string; from: number; to: number }[];
  links: { encoding: Encoding }[];
}

export interface PlannedStage {
  macs: number;
  hasExit: boolean;
  /** What it takes, without the batch. */
  inputShape: number[];
  /** What it hands on, without the batch; none of the last. */
  boundaryShape: number[] | undefined;
  /** Of its weights. */
  sha256: string;
}

export interface StagePlan {
  classes: number;
  /** Of the model itself. */
  inputName: string;
  stages: PlannedStage[];
  mapping: { target: string; from: number; to: number }[];
  /** The encoding of the link that a boundary into `stage` crosses by the mapping; f32 within a target. */
  encodingInto(stage: number): Encoding;
  /**
   * Stages [from, to) as one text, so that two sides can tell whether they mean the same: weights and, where decisions are
   * made there, the exits.
   */
  identity(from: number, to: number, decides: boolean): string;
}

export function readPlan(json: JsonObject): StagePlan {
  const manifest = json as unknown as Manifest;
  const { stages, mapping, links } = manifest;
  return {
    classes: manifest.model.classes,
    inputName: manifest.model.input.name,
    stages: stages.map(({ macs, exit, boundary, sha256 }, k) => ({
      macs, hasExit: exit !== null, sha256, boundaryShape: boundary?.shape,
      inputShape: k === 0 ? manifest.model.input.shape : stages[k - 1]?.boundary?.shape ?? [],
    })),
    mapping,
    encodingInto: (stage) => {
      const at = mapping.findIndex(({ from, to }) => from === stage && to > from);
      const link = links[at - 1];
      return at > 0 && link !== undefined ? link.encoding : 'f32';
    },
    identity: (from, to, decides) => stages.slice(from, to).map(({ sha256, exit }) => {
      if (!decides || exit === null) return sha256;
      return [sha256, exit.score, exit.temperature, exit.threshold, ...(exit.gate ?? [])].join(':');
    }).join(','),
  };
}

/** The first stage that the mapping puts on another target than the first; all but stage 0 if it has one target only. */
export function firstRemoteStage(plan: StagePlan): number {
  const [first, second] = plan.mapping;
  const stage = second === undefined || first === undefined ? 1 : first.to;
  if (stage >= plan.stages.length) throw new OfframpError('invalid_argument', 'the package has no stage to run elsewhere: its mapping puts all of them on the first target');
  return stage;
}

const suffix = (encoding: Encoding): string => (encoding === 'f32' ? '' : `_${encoding}`);
/** A server's model that is stage `stage` alone: boundary in, logits and the next boundary out. */
export function stageModel(stage: number, encoding: Encoding): string {
  return `stage_${stage}${suffix(encoding)}`;
}
/** A server's model that goes on from `stage` to an answer, decisions included; servers other than `offramp serve` have none. */
export function continuationModel(stage: number, encoding: Encoding): string {
  return `from_${stage}${suffix(encoding)}`;
}
/** The name of the parameter of a model's metadata that holds StagePlan.identity. */
export const identityParameter = 'offramp_stages';
/** Inputs that go with a boundary in u8: one scale (FP32) and one zero point (INT32) per row. */
export const scaleInput = 'boundary_scale';
export const zeroPointInput = 'boundary_zero_point';
/** Rows of a request, unless a server is told otherwise; exported configurations allow as many. */
export const mostRequestRows = 64;
