// The table of docs/hosts.md: what each host has, as it was seen.
import { readFileSync } from 'node:fs';

export interface HostRow {
  host: string;
  from: string;
  simd: boolean;
  /** Undefined where the module for that host has no such build. */
  relaxedSimd: boolean | undefined;
  threads: boolean | undefined;
  /** Bit for bit what this Node answers. */
  same: boolean;
  how: string;
}

export const page = 'docs/hosts.md';
const heading = '| host | from | SIMD | relaxed SIMD | threads | same answers | how it is tested |';

function cells(row: HostRow): string[] {
  const told = (value: boolean | undefined): string => (value === undefined ? '-' : value ? 'yes' : 'no');
  return [row.host, row.from, told(row.simd), told(row.relaxedSimd), told(row.threads), row.same ? 'bit for bit' : 'NO', row.how];
}

export function lineOf(row: HostRow): string {
  return `| ${cells(row).join(' | ')} |`;
}

/** The page's rows by host. Errors: if the page has no such table. */
export function documentedLines(): Map<string, string> {
  const lines = readFileSync(page, 'utf8').split('\n');
  const at = lines.indexOf(heading);
  if (at < 0) throw new Error(`${page} has no table headed ${heading}`);
  const end = lines.findIndex((line, index) => index > at && !line.startsWith('|'));
  return new Map(lines.slice(at + 2, end).map((line) => [(line.split('|')[1] ?? '').trim(), line]));
}

/** For people, with the versions that ran. */
export function printTable(rows: readonly HostRow[], versions: ReadonlyMap<string, string>): string {
  const table = [['host', 'version', 'SIMD', 'relaxed SIMD', 'threads', 'answers', 'how'], ...rows.map((row) => {
    const [host, , simd, relaxed, threads, same, how] = cells(row) as [string, string, string, string, string, string, string];
    return [host, versions.get(row.host) ?? '', simd, relaxed, threads, same, how];
  })];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  return table.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}
