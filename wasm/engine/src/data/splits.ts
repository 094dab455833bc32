// Which rows train heads, choose thresholds and judge the result, from the sets that the user named.
import { invalidData } from '../errors.js';
import type { Engine } from '../engine.js';
import { takeRows, type Dataset } from './dataset.js';

export interface NamedSets {
  data: Dataset;
  select?: Dataset | undefined;
  test?: Dataset | undefined;
  certify?: Dataset | undefined;
}

export interface Parts {
  train: Dataset;
  select: Dataset;
  test: Dataset;
  /** Only where a certificate is asked for. */
  certify?: Dataset | undefined;
  /** How the parts came about, for the user to read. */
  said: string[];
}

// Cross-fitting trains every head six times: more rows than these are better divided.
const mostCrossFitted = 12_000;

/**
 * Named sets are used as they are. Without --test, half of --select is kept for the report: those rows the backbone
 * has not seen either. Without --select, few rows do for heads and thresholds both (the core cross-fits), many are split.
 * With `certified`, rows that nothing is chosen on come out of the select rows, else the train rows, unless they are named.
 * Errors: invalid_data if samples or preprocessing differ between the sets, or there are too few rows to split.
 */
export function makeParts(engine: Engine, sets: NamedSets, seed: number, certified = false): Parts {
  const parts = nameParts(engine, sets, seed);
  return certified ? withCertifyRows(engine, parts, sets, seed) : parts;
}

function withCertifyRows(engine: Engine, parts: Parts, sets: NamedSets, seed: number): Parts {
  const { certify } = sets;
  if (certify !== undefined) {
    checkAlike(sets.data, certify);
    return { ...parts, certify, said: [...parts.said, ...remarkOnGroups(certify)] };
  }
  const from = parts.select.y.length > 0 ? 'select' : 'train';
  const share = from === 'select' ? 0.5 : 0.3;
  const rows = engine.splitRows(parts[from].y, parts[from].groups, { train: 0, select: 1 - share, certify: share, test: 0 }, seed);
  const set = takeRows(parts[from], rows.certify);
  const doubt = sets.select === undefined ? '; if the model was trained on them, the certificate does not hold' : '';
  const said = `no --certify-data: ${set.y.length} of the ${from} rows are kept for the certificate${doubt}`;
  return { ...parts, [from]: takeRows(parts[from], rows.select), certify: set, said: [...parts.said, said, ...remarkOnGroups(set)] };
}

function remarkOnGroups(certify: Dataset): string[] {
  return certify.groups === undefined ? [] : ['the certificate counts rows as independent draws, but certify rows come in groups: it speaks of new rows of such groups, less of new groups'];
}

function nameParts(engine: Engine, sets: NamedSets, seed: number): Parts {
  const { data, select, test } = sets;
  for (const other of [select, test]) if (other !== undefined) checkAlike(data, other);
  const split = (set: Dataset, shares: { train: number; select: number; test: number }): { train: Dataset; select: Dataset; test: Dataset } => {
    const rows = engine.splitRows(set.y, set.groups, { ...shares, certify: 0 }, seed);
    return { train: takeRows(set, rows.train), select: takeRows(set, rows.select), test: takeRows(set, rows.test) };
  };
  if (select !== undefined && test !== undefined) return { train: data, select, test, said: [] };
  if (select !== undefined) {
    const halves = split(select, { train: 0, select: 0.5, test: 0.5 });
    return { train: data, select: halves.select, test: halves.test, said: [`no --test: half of ${select.name} is kept for the report`] };
  }
  const warning = 'if the model was trained on these rows, thresholds will be too optimistic: name unseen rows with --select';
  if (test !== undefined) {
    if (data.y.length <= mostCrossFitted) return { train: data, select: takeRows(data, new Int32Array(0)), test, said: [`no --select: ${crossFitted(data.name)}; ${warning}`] };
    const halves = split(data, { train: 0.7, select: 0.3, test: 0 });
    return { train: halves.train, select: halves.select, test, said: [`no --select: thresholds are chosen on 30 % of ${data.name}; ${warning}`] };
  }
  if (data.y.length <= mostCrossFitted) {
    const parts = split(data, { train: 0.7, select: 0, test: 0.3 });
    return { ...parts, said: [`no --select and --test: 30 % of ${data.name} is kept for the report; ${crossFitted('the rest')}; ${warning}`] };
  }
  return { ...split(data, { train: 0.5, select: 0.25, test: 0.25 }), said: [`no --select and --test: ${data.name} is split into train, select and test (50, 25, 25 %); ${warning}`] };
}

function crossFitted(name: string): string {
  return `${name} trains heads and chooses thresholds, each row judged by heads that were trained without it`;
}

function checkAlike(data: Dataset, other: Dataset): void {
  const shape = (set: Dataset): string => `${set.x.dtype} [${set.x.dims.slice(1).join(', ')}]`;
  if (shape(data) !== shape(other)) throw invalidData(`samples of ${other.name} are ${shape(other)}, those of ${data.name} ${shape(data)}; they must be alike`);
  if (JSON.stringify(data.preprocess ?? null) !== JSON.stringify(other.preprocess ?? null)) {
    throw invalidData(`the preprocessing of ${other.name} differs from that of ${data.name}; one model has one`);
  }
  if (data.labels !== undefined && other.labels !== undefined && JSON.stringify(data.labels) !== JSON.stringify(other.labels)) {
    throw invalidData(`the labels of ${other.name} differ from those of ${data.name}`);
  }
}
