// The JSON that hosts print and others rely on (DESIGN section 9). snake_case: these are wire names.
import type { Json } from './json.js';
import type { Encoding } from './raw_module.js';

export interface ReportExit {
  at: string;
  head: string;
  score: string;
  threshold: number;
  temperature: number;
  exit_rate: number;
  accuracy: number | null;
  macs: number;
}

export interface ReportCertificate {
  alpha: number;
  delta: number;
  rows: number;
  losses: number;
  /** Observed. */
  risk: number;
  p_value: number;
  loss: 'harm' | 'disagreement';
  /** A sentence without a full stop. */
  plain: string;
}

export interface ReportPlan {
  exits: ReportExit[];
  accuracy: number;
  accuracy_change_pp: number;
  harm_pp: number;
  /** Rows that only the base, only the plan gets right. */
  harmed: number;
  mended: number;
  macro_f1_change_pp: number;
  class_recall_change_pp: (number | null)[];
  mean_macs: number;
  mean_macs_change_pct: number;
  /** Measured on this machine; null for a plan that was not run. */
  mean_latency_ns: number | null;
  /** Stages [from, to) on each target. */
  mapping: { target: string; from: number; to: number }[];
  /** With targets: by their figures, on the report's rows; null where no mapping of this plan meets the limits. */
  mapped?: MappedFigures | null;
  /** With targets: of each stage, measured on this machine. */
  stage_latency_ns?: number[];
  /** null if none was asked for or could be given. */
  certificate: ReportCertificate | null;
}

export interface MappedFigures {
  expected_latency_ns: number;
  worst_case_latency_ns: number;
  energy_nj: number;
  link_bytes: number;
  targets: { target: string; kind: string; macs_per_s: number; measured: boolean; memory_bytes: number }[];
  /** Between each two neighbours; cross_rate is the share of samples that pass. */
  links: { cross_rate: number; ns: number; bytes: number; encoding: string }[];
}

/** The way between two targets, as it was measured from this machine. */
export interface MeasuredLink {
  from: string;
  to: string;
  url: string;
  rtt_ns: number;
  bytes_per_s: number;
  /** Of answers; null if it could not be measured. */
  back_bytes_per_s: number | null;
  /** That the server lists. */
  models: string[];
}

export interface AugmentReport {
  base: { accuracy: number; macs: number; parameters: number; mean_latency_ns: number | null };
  plan: ReportPlan;
  paper_method: ReportPlan | null;
  pareto: { accuracy: number; mean_macs: number }[];
  search: { exit_points: number; exit_points_left_out: number; seconds: { extract: number; train: number; search: number }; certify?: { alpha: number; delta: number; rows_needed: number; plans_tested: number; plain: string } };
  rows: { train: number; select: number; certify: number; test: number };
  /** With targets one of whose links is measured. */
  measured_links?: MeasuredLink[];
  /** What a user should know before believing the figures: how rows were split, what they lack. */
  remarks: string[];
}

export interface EvaluateReport {
  samples: number;
  accuracy: number;
  macro_f1: number;
  base_accuracy: number;
  base_macro_f1: number;
  accuracy_change_pp: number;
  harm_pp: number;
  harmed: number;
  mended: number;
  class_recall_change_pp: (number | null)[];
  base_macs: number;
  mean_macs: number;
  mean_macs_change_pct: number;
  exit_rates: number[];
  mean_latency_ns: number;
  base_mean_latency_ns: number;
  median_latency_ns: number;
  base_median_latency_ns: number;
  /** Rows that were timed. */
  latency_samples: number;
}

/** A package whose later stages are behind a link, beside the same package on one machine. */
export interface LinkReport {
  /** null: the boundary was rounded on this machine. */
  url: string | null;
  /** The first behind the link. */
  stage: number;
  encoding: Encoding;
  samples: number;
  accuracy: number;
  /** Against one machine. */
  accuracy_change_pp: number;
  /** Rows with another class than on one machine. */
  changed: number;
  /** Share of rows that cross the link. */
  cross_rate: number;
  exit_rates: number[];
  /** Rows that did not get the answer that the package promises, and why. */
  degraded: number;
  degraded_reasons: Record<string, number>;
  /** From sample to answer, one row at a time; null without a server. */
  mean_latency_ns: number | null;
  median_latency_ns: number | null;
  latency_samples: number;
  /** Sent by a row that crosses, in bodies of requests; without a server, of the boundary alone. */
  mean_bytes: number;
}

export interface StreamFigures {
  accuracy: number;
  accuracy_change_pp: number;
  harm_pp: number;
  mean_macs: number;
  mean_macs_change_pct: number;
  /** Rows that answer for themselves, by exit; the rest repeat their scene's answer. */
  exit_rates: number[];
  reuse_rate: number;
}

export interface StreamReport {
  rule: 'difference' | 'patience';
  /** null: repeating answers does not pay. */
  threshold: number | null;
  /** The package's own, or safer ones. */
  exit_thresholds: number[];
  max_drop_pp: number;
  select: StreamFigures;
  test: StreamFigures;
  /** The package without the rule. */
  test_plain: StreamFigures;
  rows: { select: number; test: number };
}

export interface ValueInfo {
  name: string;
  dtype?: string;
  /** The batch is "N"; a shape that cannot be inferred is null. */
  shape: (number | string | null)[] | null;
}

export interface InspectReport {
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  opset: number;
  operators: Record<string, number>;
  /** All that keeps the model from running, by node or input, each with its reason. */
  unsupported: string[];
  macs: number;
  parameters: number;
  exit_points: { at: string; shape: (number | string | null)[]; macs: number; parameters: number }[];
  /** The normalised network's nodes, for drawing. */
  network?: Json;
}
