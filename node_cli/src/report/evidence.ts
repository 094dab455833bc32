// A package's evidence as the report needs it. Members may be missing or of a wrong type: then they are null or empty,
// and only what no report can do without is an error.
import { OfframpError } from '@offramp/engine';

export interface PlanExit {
  at: string;
  head: string | null;
  score: string | null;
  threshold: number | null;
  temperature: number | null;
  rate: number;
  accuracy: number | null;
  macs: number | null;
}

export interface Plan {
  exits: PlanExit[];
  accuracy: number;
  accuracy95: [number, number] | null;
  accuracyChangePp: number;
  harmPp: number | null;
  macroF1ChangePp: number | null;
  recallChangePp: (number | null)[];
  baseRate: number;
  meanMacs: number;
  meanMacsChangePct: number;
  meanLatencyNs: number | null;
  medianLatencyNs: number | null;
  latencySamples: number | null;
  mapping: { target: string; from: number | null; to: number | null }[];
  certificate: [string, string][] | null;
  predicted: { accuracy: number; meanMacs: number; meanMacsChangePct: number | null } | null;
  mapped: Mapped | null; // with targets only
  stageLatencyNs: (number | null)[];
}

/** What a plan costs on its targets. */
export interface Mapped {
  expectedLatencyNs: number | null;
  worstCaseLatencyNs: number | null;
  energyNj: number | null;
  linkBytes: number | null;
  targets: { target: string; kind: string; macsPerS: number | null; measured: boolean; memoryBytes: number | null }[];
  /** Between neighbours. */
  links: { crossRate: number | null; ns: number | null; bytes: number | null; encoding: string }[];
}

export interface FrontPlan {
  /** In the manifest's own order. */
  index: number;
  accuracy: number;
  meanMacs: number;
  harmPp: number | null;
  selectHarmPp: number | null;
  exits: string[];
}

export interface ExitPoint {
  at: string;
  shape: string;
  macs: number;
  parameters: number | null;
  screenAccuracy: number | null;
  heads: { head: string; accuracy: number; macs: number | null; parameters: number | null }[];
}

export interface Calibration {
  temperature: number | null;
  expectedError: number | null;
  bins: { confidence: number; accuracy: number; rows: number }[];
}

export interface NetworkNode {
  name: string;
  op: string;
  macs: number;
  shape: string;
  inputs: number[]; // of earlier nodes only
}

export interface Evidence {
  name: string | null;
  labels: string[];
  base: {
    accuracy: number;
    accuracy95: [number, number] | null;
    macroF1: number | null;
    macs: number;
    parameters: number | null;
    meanLatencyNs: number | null;
    medianLatencyNs: number | null;
  };
  packaged: 'plan' | 'paper_method';
  plan: Plan; // the packaged one
  ours: Plan;
  paper: Plan | null;
  front: FrontPlan[];
  search: {
    exitPoints: number | null;
    candidates: number | null;
    plansLookedAt: number | null;
    rule: string | null;
    maxDropPp: number | null;
    /** How a certificate that was asked for came out; null if none was. */
    certifyPlain: string | null;
    allowancePp: number | null;
    selectHarmPp: number | null;
    seed: number | null;
    seconds: [string, number][];
  };
  rows: { train: number | null; select: number | null; certify: number | null; test: number | null };
  exitPoints: ExitPoint[];
  reliability: { at: string; head: string | null; before: Calibration; after: Calibration }[];
  network: NetworkNode[];
  remarks: string[];
}

type Json = Record<string, unknown>;

// More than any real package has; what exceeds it is not drawn.
const kMostItems = 20_000;

const object = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value.slice(0, kMostItems) : []);
const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

function pair(value: unknown): [number, number] | null {
  const [low, high] = list(value).map(number);
  return low === undefined || high === undefined || low === null || high === null ? null : [low, high];
}

function shape(value: unknown): string {
  return list(value)
    .slice(0, 8)
    .map((dim) => (typeof dim === 'number' || typeof dim === 'string' ? String(dim) : '?'))
    .join(' × ');
}

function readCertificate(value: unknown): [string, string][] | null {
  if (value === null || value === undefined) return null;
  return Object.entries(object(value))
    .filter(([, v]) => ['number', 'string', 'boolean'].includes(typeof v))
    .slice(0, 40)
    .map(([key, v]) => [key, String(v)]);
}

function readExit(value: unknown): PlanExit {
  const exit = object(value);
  return {
    at: text(exit.at) ?? '(unnamed)',
    head: text(exit.head),
    score: text(exit.score),
    threshold: number(exit.threshold),
    temperature: number(exit.temperature),
    rate: number(exit.exit_rate) ?? 0,
    accuracy: number(exit.accuracy),
    macs: number(exit.macs),
  };
}

function readPlan(value: unknown, base: { accuracy: number; macs: number }): Plan | null {
  const plan = object(value);
  const accuracy = number(plan.accuracy);
  const meanMacs = number(plan.mean_macs);
  if (accuracy === null || meanMacs === null) return null;
  const exits = list(plan.exits).slice(0, 64).map(readExit);
  const early = exits.reduce((sum, exit) => sum + exit.rate, 0);
  const predicted = object(plan.predicted);
  const predictedAccuracy = number(predicted.accuracy);
  const predictedMacs = number(predicted.mean_macs);
  return {
    exits,
    accuracy,
    accuracy95: pair(plan.accuracy_95),
    accuracyChangePp: number(plan.accuracy_change_pp) ?? 100 * (accuracy - base.accuracy),
    harmPp: number(plan.harm_pp),
    macroF1ChangePp: number(plan.macro_f1_change_pp),
    recallChangePp: list(plan.class_recall_change_pp).map(number),
    baseRate: number(plan.base_exit_rate) ?? Math.max(0, 1 - early),
    meanMacs,
    meanMacsChangePct: number(plan.mean_macs_change_pct) ?? 100 * (meanMacs / base.macs - 1),
    meanLatencyNs: number(plan.mean_latency_ns),
    medianLatencyNs: number(plan.median_latency_ns),
    latencySamples: number(plan.latency_samples),
    mapping: list(plan.mapping)
      .slice(0, 64)
      .map(object)
      .map((m) => ({ target: text(m.target) ?? '(unnamed)', from: number(m.from), to: number(m.to) })),
    certificate: readCertificate(plan.certificate),
    predicted:
      predictedAccuracy === null || predictedMacs === null
        ? null
        : { accuracy: predictedAccuracy, meanMacs: predictedMacs, meanMacsChangePct: number(predicted.mean_macs_change_pct) },
    mapped: readMapped(plan.mapped),
    stageLatencyNs: list(plan.stage_latency_ns).slice(0, 64).map(number),
  };
}

function readMapped(value: unknown): Mapped | null {
  if (value === null || value === undefined) return null;
  const mapped = object(value);
  return {
    expectedLatencyNs: number(mapped.expected_latency_ns),
    worstCaseLatencyNs: number(mapped.worst_case_latency_ns),
    energyNj: number(mapped.energy_nj),
    linkBytes: number(mapped.link_bytes),
    targets: list(mapped.targets)
      .slice(0, 64)
      .map(object)
      .map((t) => ({
        target: text(t.target) ?? '(unnamed)', kind: text(t.kind) ?? '', macsPerS: number(t.macs_per_s), measured: t.measured === true, memoryBytes: number(t.memory_bytes),
      })),
    links: list(mapped.links)
      .slice(0, 64)
      .map(object)
      .map((l) => ({ crossRate: number(l.cross_rate), ns: number(l.ns), bytes: number(l.bytes), encoding: text(l.encoding) ?? 'f32' })),
  };
}

function readFront(value: unknown): FrontPlan[] {
  return list(value)
    .map(object)
    .flatMap((p, index) => {
      const accuracy = number(p.accuracy);
      const meanMacs = number(p.mean_macs);
      if (accuracy === null || meanMacs === null) return [];
      const exits = list(p.exits).map((at) => text(at) ?? '(unnamed)');
      return [{ index, accuracy, meanMacs, harmPp: number(p.harm_pp), selectHarmPp: number(p.select_harm_pp), exits }];
    })
    .sort((a, b) => a.meanMacs - b.meanMacs || a.accuracy - b.accuracy);
}

function readExitPoint(value: unknown): ExitPoint {
  const point = object(value);
  return {
    at: text(point.at) ?? '(unnamed)',
    shape: shape(point.shape),
    macs: number(point.macs) ?? 0,
    parameters: number(point.parameters),
    screenAccuracy: number(point.screen_select_accuracy),
    heads: list(point.heads)
      .slice(0, 64)
      .map(object)
      .flatMap((h) => {
        const accuracy = number(h.select_accuracy);
        if (accuracy === null) return [];
        return [{ head: text(h.head) ?? '(unnamed)', accuracy, macs: number(h.macs), parameters: number(h.parameters) }];
      }),
  };
}

function readCalibration(value: unknown): Calibration {
  const calibration = object(value);
  return {
    temperature: number(calibration.temperature),
    expectedError: number(calibration.expected_error),
    bins: list(calibration.bins)
      .slice(0, 200)
      .map(object)
      .map((b) => ({ confidence: number(b.confidence) ?? 0, accuracy: number(b.accuracy) ?? 0, rows: number(b.rows) ?? 0 }))
      .filter((b) => b.rows > 0),
  };
}

function readNetwork(value: unknown): NetworkNode[] {
  return list(value)
    .map(object)
    .map((node, i) => ({
      name: text(node.name) ?? `node ${i}`,
      op: text(node.op) ?? '?',
      macs: number(node.macs) ?? 0,
      shape: shape(node.shape),
      inputs: list(node.inputs)
        .map(number)
        .filter((from): from is number => from !== null && Number.isInteger(from) && from >= 0 && from < i),
    }));
}

/** Reads a manifest. Errors: `invalid_package` if there is no evidence that a report could tell. */
export function readEvidence(manifest: unknown): Evidence {
  const root = object(manifest);
  const evidence = object(root.evidence);
  const model = object(root.model);
  if (Object.keys(evidence).length === 0)
    throw new OfframpError(
      'invalid_package',
      'this package holds no evidence (manifest.json has no "evidence" object with members), so there is nothing to ' +
        'report; make the package with `offramp augment`',
    );
  const baseJson = object(evidence.base);
  const accuracy = number(baseJson.accuracy);
  const baseMacs = number(baseJson.macs);
  const missing = (what: string): OfframpError =>
    new OfframpError('invalid_package', `this package holds no evidence for a report: evidence.${what}`);
  if (accuracy === null) throw missing('base.accuracy must be a number');
  if (baseMacs === null || baseMacs <= 0) throw missing('base.macs must be a number above 0');
  const base = { accuracy, macs: baseMacs };
  const ours = readPlan(evidence.plan, base);
  if (ours === null) throw missing('plan.accuracy and evidence.plan.mean_macs must be numbers');
  const paper = readPlan(evidence.paper_method, base);
  const details = object(evidence.evidence);
  const packaged = details.packaged === 'paper_method' && paper !== null ? 'paper_method' : 'plan';
  const plan = packaged === 'paper_method' ? paper! : ours;
  const search = object(evidence.search);
  const rows = object(evidence.rows);
  return {
    name: text(root.name) ?? text(model.name),
    labels: list(model.labels ?? root.labels).map((label) => text(label) ?? ''),
    base: {
      accuracy,
      accuracy95: pair(baseJson.accuracy_95),
      macroF1: number(baseJson.macro_f1),
      macs: baseMacs,
      parameters: number(baseJson.parameters),
      meanLatencyNs: number(baseJson.mean_latency_ns),
      medianLatencyNs: number(baseJson.median_latency_ns),
    },
    packaged,
    plan,
    ours,
    paper,
    front: readFront(evidence.pareto),
    search: {
      exitPoints: number(search.exit_points),
      candidates: number(search.candidates),
      plansLookedAt: number(search.plans_looked_at),
      rule: text(search.rule),
      maxDropPp: number(search.max_drop_pp),
      certifyPlain: search.certify === undefined ? null : text(object(search.certify).plain),
      allowancePp: number(search.allowance_pp),
      selectHarmPp: number(search.select_harm_pp),
      seed: number(search.seed),
      seconds: Object.entries(object(search.seconds)).flatMap(([phase, s]) => {
        const value = number(s);
        return value === null ? [] : [[phase, value] as [string, number]];
      }),
    },
    rows: {
      train: number(rows.train),
      select: number(rows.select),
      certify: number(rows.certify),
      test: number(rows.test),
    },
    exitPoints: list(details.exit_points)
      .map(readExitPoint)
      .sort((a, b) => a.macs - b.macs),
    reliability: list(details.reliability)
      .slice(0, 64)
      .map(object)
      .map((r) => ({
        at: text(r.at) ?? '(unnamed)',
        head: text(r.head),
        before: readCalibration(r.before),
        after: readCalibration(r.after),
      })),
    network: readNetwork(details.network),
    remarks: list(evidence.remarks).slice(0, 40).map(text).filter((remark) => remark !== null),
  };
}

/**
 * 95 % interval of a change in accuracy between two classifiers on the same rows, in pp: every row is its own control,
 * so it is far narrower than the accuracies' own intervals. Null without the rows or the harm.
 * Source: Bonett and Price 2012, adjusted Wald interval for paired proportions.
 */
export function changeInterval(plan: Plan, rows: number | null): [number, number] | null {
  if (rows === null || rows <= 0 || plan.harmPp === null) return null;
  const lost = Math.round((plan.harmPp / 100) * rows);
  const won = Math.max(0, Math.round(((plan.accuracyChangePp + plan.harmPp) / 100) * rows));
  const pWon = (won + 1) / (rows + 2);
  const pLost = (lost + 1) / (rows + 2);
  const half = 1.959963984540054 * Math.sqrt((pWon + pLost - (pWon - pLost) ** 2) / (rows + 2));
  return [100 * Math.max(-1, pWon - pLost - half), 100 * Math.min(1, pWon - pLost + half)];
}
