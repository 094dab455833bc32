// What a user should know about the rows before believing the result: classes that a part lacks, rows that stand in two parts,
// samples that are all the same. None of it stops the work.
import type { AugmentReport } from '../reports.js';
import { elementBytes, elementCount, type RawTensor } from '../tensor.js';
import type { Dataset } from './dataset.js';

export interface PartsOfRows {
  train: Dataset;
  select: Dataset;
  test: Dataset;
}

type PartName = keyof PartsOfRows;
const partNames: readonly PartName[] = ['train', 'select', 'test'];
const mostNamed = 5;

/** `labels` names classes. Sentences without a full stop, as the command prints them. */
export function remarkOnRows(parts: PartsOfRows, labels: readonly string[] | undefined): string[] {
  return [...missingClasses(parts, labels), ...sameSamples(parts), ...repeatedRows(parts)];
}

/** After the search: a base model that has learnt nothing from such rows makes every other figure meaningless. */
export function remarkOnBase(accuracy: number, test: Dataset, labels: readonly string[] | undefined): string[] {
  const counts = classCounts(test);
  const [label, rows] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most));
  const share = rows / test.y.length;
  if (accuracy > share) return [];
  return [`the model is right on ${percent(accuracy)} of the test rows, no more than always answering class ${className(label, labels)} would be (${percent(share)}): `
    + 'check the preprocessing, and that labels count the classes as the model does'];
}

/**
 * A limit per class is held on the rows that thresholds are chosen on. None harmed of n rows tells of 3 / n on new ones, at 95 %
 * (the rule of three), so that a class of few rows may lose more than the limit says.
 */
export function remarkOnClassLimit(maxDropPp: number, { select, train }: Pick<PartsOfRows, 'select' | 'train'>, labels: readonly string[] | undefined): string[] {
  if (maxDropPp <= 0) return [];
  const needed = Math.ceil(300 / maxDropPp);
  const few = [...classCounts(select.y.length > 0 ? select : train)].filter(([, rows]) => rows < needed).sort((a, b) => a[1] - b[1]);
  if (few.length === 0) return [];
  const named = few.slice(0, mostNamed).map(([label, rows]) => `${className(label, labels)} with ${rows}`);
  const rest = few.length - named.length;
  return [`to hold a class to a loss of ${maxDropPp} pp on new data takes some ${needed} select rows of it: `
    + `${rest > 0 ? `${named.join(', ')} and ${rest} more have` : `${joined(named)} ha${few.length === 1 ? 's' : 've'}`} fewer and may lose more`];
}

/** Of very deep and wide models not every exit point is looked at. */
export function remarkOnPlaces({ search }: Pick<AugmentReport, 'search'>): string[] {
  const { exit_points: kept, exit_points_left_out: leftOut } = search;
  return leftOut > 0 ? [`${leftOut} of ${kept + leftOut} places for exits were left out, evenly, to keep features small`] : [];
}

/** Classes that some part has and another has not. */
function missingClasses(parts: PartsOfRows, labels: readonly string[] | undefined): string[] {
  const present = Object.fromEntries(partNames.map((name) => [name, classCounts(parts[name])])) as Record<PartName, Map<number, number>>;
  const all = [...new Set(partNames.flatMap((name) => [...present[name].keys()]))].sort((a, b) => a - b);
  const effects = { train: 'heads cannot learn', select: 'thresholds are chosen without', test: 'nothing is measured of' };
  return partNames.flatMap((name) => {
    if (parts[name].y.length === 0) return []; // no such part: train rows then choose thresholds too
    const missing = all.filter((label) => !present[name].has(label));
    if (missing.length === 0) return [];
    const named = missing.slice(0, mostNamed).map((label) => className(label, labels));
    const rest = missing.length - named.length;
    const list = rest > 0 ? `${named.join(', ')} and ${rest} more` : joined(named);
    return [`no ${name} rows of class${missing.length === 1 ? '' : 'es'} ${list}: ${effects[name]} ${missing.length === 1 ? 'it' : 'them'}`];
  });
}

function sameSamples(parts: PartsOfRows): string[] {
  return partNames.flatMap((name) => {
    const { x, y } = parts[name];
    if (y.length < 2) return [];
    const first = rowOf(x, 0);
    for (let row = 1; row < y.length; row += 1) if (!equal(first, rowOf(x, row))) return [];
    return [`all ${y.length} ${name} rows hold the same sample: nothing tells classes apart`];
  });
}

/**
 * Rows of a part that an earlier one has too, byte for byte. Rows are found by a hash and then compared, so that none is called
 * a repeat by chance.
 */
function repeatedRows(parts: PartsOfRows): string[] {
  const remarks: string[] = [];
  const seen: { name: PartName; x: RawTensor; y: Int32Array; rows: Map<number, number[]> }[] = [];
  for (const name of partNames) {
    const { x, y } = parts[name];
    const hashes = Float64Array.from(y, (_, row) => hashOf(rowOf(x, row)));
    for (const earlier of seen) {
      let repeats = 0;
      let contrary = 0;
      hashes.forEach((hash, row) => {
        const twins = (earlier.rows.get(hash) ?? []).filter((other) => equal(rowOf(earlier.x, other), rowOf(x, row)));
        if (twins.length === 0) return;
        repeats += 1;
        if (twins.every((other) => earlier.y[other] !== y[row])) contrary += 1;
      });
      if (repeats === 0) continue;
      const labels = contrary > 0 ? `, ${contrary} of them with another label` : '';
      remarks.push(`${repeats} of ${y.length} ${name} rows are ${earlier.name} rows too, byte for byte${labels}: ${name === 'test' ? 'figures are better than on new data' : 'thresholds are too optimistic'}`);
    }
    const rows = new Map<number, number[]>();
    hashes.forEach((hash, row) => {
      const same = rows.get(hash);
      if (same === undefined) rows.set(hash, [row]);
      else same.push(row);
    });
    seen.push({ name, x, y, rows });
  }
  return remarks;
}

function classCounts({ y }: Dataset): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of y) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

function rowOf(x: RawTensor, row: number): Uint8Array {
  const bytes = elementCount(x.dims.slice(1)) * elementBytes[x.dtype];
  return x.data.subarray(row * bytes, (row + 1) * bytes);
}

/** 52 bits of two FNV-1a hashes. */
function hashOf(bytes: Uint8Array): number {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    low = Math.imul(low ^ byte, 0x01000193);
    high = Math.imul(high ^ byte, 0x85ebca6b);
  }
  return (high & 0xfffff) * 2 ** 32 + (low >>> 0);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const joined = (words: readonly string[]): string => (words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`);

function className(label: number, labels: readonly string[] | undefined): string {
  const name = labels?.[label];
  return name === undefined ? String(label) : `${label} (${name})`;
}
