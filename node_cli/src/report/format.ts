// Numbers as people read them: with units, a true minus sign and a space that does not break. A missing value is a dash.

export type Maybe = number | null;

export const kNone = '–';
const kSpace = '\u00a0';

export function fixed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `\u2212${text}` : text;
}

function signed(value: number, digits: number): string {
  const text = fixed(value, digits);
  if (Number(Math.abs(value).toFixed(digits)) === 0) return `±${text}`;
  return value > 0 ? `+${text}` : text;
}

/** A share in [0, 1] as percent. */
export function percent(share: Maybe, digits = 1): string {
  return share === null ? kNone : `${fixed(100 * share, digits)}${kSpace}%`;
}

/** A number that is in percent already, with its sign. */
export function changePercent(value: Maybe, digits = 1): string {
  return value === null ? kNone : `${signed(value, digits)}${kSpace}%`;
}

/** Percentage points with their sign. */
export function changePoints(value: Maybe, digits = 2): string {
  return value === null ? kNone : `${signed(value, digits)}${kSpace}pp`;
}

export function points(value: Maybe, digits = 2): string {
  return value === null ? kNone : `${fixed(value, digits)}${kSpace}pp`;
}

function scaled(value: number, steps: readonly (readonly [number, string])[]): string {
  const [size, unit] = steps.find(([s]) => Math.abs(value) >= s) ?? steps[steps.length - 1]!;
  const part = value / size;
  const digits = Math.abs(part) >= 100 ? 0 : Math.abs(part) >= 10 ? 1 : 2;
  return `${fixed(part, digits)}${kSpace}${unit}`;
}

/** A count with an SI prefix: 12.5 M. */
export function count(value: Maybe): string {
  return value === null ? kNone : Math.abs(value) < 1e4 ? integer(value) : scaled(value, [[1e9, 'G'], [1e6, 'M'], [1e3, 'k']]);
}

/** A count on an axis: no more digits than it needs. */
export const countTick = (value: number): string => count(value).replace(/\.(\d*?)0+(?=\D|$)/, (_, kept: string) => (kept === '' ? '' : `.${kept}`));

/** A round number such as a limit, without needless digits. */
export const plainPoints = (value: number): string => `${fixed(value, 3).replace(/\.?0+$/, '')}${kSpace}pp`;

export const macs = (value: Maybe): string => (value === null ? kNone : `${count(value)}${kSpace}MACs`);

export function latency(ns: Maybe): string {
  return ns === null ? kNone : scaled(ns, [[1e9, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']]);
}

export function seconds(s: Maybe): string {
  if (s === null) return kNone;
  const whole = Math.round(s);
  if (whole >= 120) return `${Math.floor(whole / 60)}${kSpace}min ${whole % 60}${kSpace}s`;
  return `${fixed(s, s >= 10 ? 0 : s >= 0.1 ? 1 : 2)}${kSpace}s`;
}

/** An exact integer in groups of three: 10 000. */
export function integer(value: Maybe): string {
  if (value === null) return kNone;
  return fixed(Math.round(value), 0).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

export function decimal(value: Maybe, digits = 3): string {
  return value === null ? kNone : fixed(value, digits);
}

export function interval(range: readonly [number, number] | null): string {
  return range === null ? kNone : `${fixed(100 * range[0], 1)} to ${fixed(100 * range[1], 1)}${kSpace}%`;
}

export function shorten(text: string, most: number): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  // The end of a node's name tells more than its middle.
  const tail = Math.floor((most - 1) * 0.6);
  return `${letters.slice(0, most - 1 - tail).join('')}…${letters.slice(letters.length - tail).join('')}`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${integer(n)}${kSpace}${n === 1 ? one : many}`;
}
