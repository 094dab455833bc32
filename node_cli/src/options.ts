// Command lines to values: what a command takes is a table, from which its help is written too.
import { parseArgs } from 'node:util';
import { invalidArgument } from '@offramp/engine';

export interface OptionSpec {
  /** Shown for the value; an option without one is a switch. */
  value?: string;
  short?: string;
  help: string;
}

export interface CommandSpec {
  name: string;
  summary: string;
  /** Names of the arguments that must be given, in order. */
  positionals: readonly string[];
  /** Names of those that may follow. */
  optional?: readonly string[];
  options: Readonly<Record<string, OptionSpec>>;
  /** Options that must be given. */
  required: readonly string[];
  details: string;
  examples: readonly string[];
}

export class Arguments {
  constructor(readonly positionals: readonly string[], private readonly values: ReadonlyMap<string, string | true>) {}

  has(name: string): boolean {
    return this.values.has(name);
  }
  text(name: string): string | undefined {
    const value = this.values.get(name);
    return typeof value === 'string' ? value : undefined;
  }
  requiredText(name: string): string {
    return this.text(name) ?? '';
  }
  positional(index: number): string {
    return this.positionals[index] ?? '';
  }
  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    const found = allowed.find((choice) => choice === value);
    if (value !== undefined && found === undefined) throw invalidArgument(`--${name} is ${allowed.join(' or ')}, not "${value}"`);
    return found;
  }
  number(name: string, low: number, high: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : NaN;
    if (!(number >= low && number <= high)) throw invalidArgument(`--${name} is a number from ${low} to ${high}, not "${value}"`);
    return number;
  }
  integer(name: string, low: number, high: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,16}$/.test(value) ? Number(value) : NaN;
    if (!(number >= low && number <= high)) throw invalidArgument(`--${name} is a whole number from ${low} to ${high}, not "${value}"`);
    return number;
  }
}

/** Errors: invalid_argument naming the option, and the known one that is nearest. */
export function parseCommandLine(spec: CommandSpec, argv: readonly string[]): Arguments {
  const config = Object.fromEntries(Object.entries(spec.options).map(([name, option]) => [
    name, { type: option.value === undefined ? 'boolean' as const : 'string' as const, ...(option.short ? { short: option.short } : {}) },
  ]));
  const { tokens } = parseArgs({ args: [...argv], options: config, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string | true>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = spec.options[token.name];
    if (option === undefined) {
      const near = nearest(token.name, Object.keys(spec.options));
      throw invalidArgument(`unknown option ${token.rawName}${near ? `; did you mean --${near}?` : ''} (see offramp ${spec.name} --help)`);
    }
    if (values.has(token.name)) throw invalidArgument(`--${token.name} is given twice`);
    if (option.value === undefined) {
      if (token.value !== undefined) throw invalidArgument(`--${token.name} takes no value`);
      values.set(token.name, true);
      continue;
    }
    const forgotten = token.value === undefined || (!token.inlineValue && /^-[a-z-]/i.test(token.value));
    if (forgotten) throw invalidArgument(`--${token.name} needs a value: --${token.name} ${option.value}`);
    values.set(token.name, token.value);
  }
  if (values.has('help')) return new Arguments(positionals, values);
  if (positionals.length < spec.positionals.length) {
    throw invalidArgument(`${spec.name} needs ${spec.positionals.slice(positionals.length).join(' and ')} (see offramp ${spec.name} --help)`);
  }
  const most = spec.positionals.length + (spec.optional?.length ?? 0);
  if (positionals.length > most) {
    throw invalidArgument(`${spec.name} does not know what to do with "${positionals[most]}" (see offramp ${spec.name} --help)`);
  }
  for (const name of spec.required) {
    if (!values.has(name)) throw invalidArgument(`${spec.name} needs --${name} ${spec.options[name]?.value ?? ''} (see offramp ${spec.name} --help)`);
  }
  return new Arguments(positionals, values);
}

/** The known word with the fewest edits to `word`, if those are few. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const edits = candidate.startsWith(word) && word.length >= 3 ? 1 : editDistance(word, candidate);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const swap = (above[column - 1] as number) + (a[row - 1] === b[column - 1] ? 0 : 1);
      line.push(Math.min(swap, (above[column] as number) + 1, (line[column - 1] as number) + 1));
    }
    above = line;
  }
  return above[b.length] as number;
}
