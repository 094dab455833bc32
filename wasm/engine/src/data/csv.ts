// CSV, one sample a line: numbers, and a label in the column named "label" or else in the last one.
import { invalidData, limitExceeded } from '../errors.js';
import type { RawTensor } from '../tensor.js';
import type { Dataset } from './dataset.js';
import type { DataLimits } from './file_tree.js';

/**
 * The first line is a header if none of its fields but the last is a number. Columns named "label" and "group" are
 * those; every other column is a feature. Labels are class numbers, or names that are numbered in alphabetical order.
 * Shapes: x f32 [n, features]. Errors: invalid_data naming the line.
 */
export function readCsv(text: string, name: string, limits: DataLimits): Dataset {
  const lines = new LineReader(text.startsWith('\ufeff') ? text.slice(1) : text);
  const first = lines.next();
  if (first === undefined) throw invalidData('the CSV file is empty');
  const hasHeader = first.fields.length > 1 && first.fields.slice(0, -1).every((field) => field.trim() !== '' && parseNumber(field) === undefined);
  const names = hasHeader ? first.fields.map((field) => field.trim().toLowerCase()) : undefined;
  const width = first.fields.length;
  if (width < 2) throw invalidData(`line ${first.line}: one column; at least one value and a label are needed, separated by commas`);
  const labelColumn = names?.includes('label') === true ? names.indexOf('label') : width - 1;
  const groupColumn = names?.indexOf('group') ?? -1;
  const featureColumns = first.fields.map((_, column) => column).filter((column) => column !== labelColumn && column !== groupColumn);
  if (featureColumns.length === 0) throw invalidData('the CSV file has no column of values beside label and group');
  const rows: Float32Array[] = [];
  const labels: { text: string; line: number }[] = [];
  const groups: string[] = [];
  for (let row = hasHeader ? lines.next() : first; row !== undefined; row = lines.next()) {
    const { fields, line } = row;
    if (fields.length !== width) throw invalidData(`line ${line}: ${fields.length} fields where line ${first.line} has ${width}`);
    if (rows.length >= limits.rows) throw limitExceeded(`more than ${limits.rows} lines`);
    rows.push(Float32Array.from(featureColumns, (column) => readValue(fields[column] as string, line, column, names)));
    labels.push({ text: (fields[labelColumn] as string).trim(), line });
    if (groupColumn >= 0) groups.push((fields[groupColumn] as string).trim());
  }
  if (rows.length === 0) throw invalidData('the CSV file has a header but no rows');
  const x = packRows(rows, featureColumns.length);
  const { y, classNames } = numberLabels(labels);
  return {
    name, x, y, ...(classNames ? { labels: classNames } : {}),
    ...(groupColumn >= 0 ? { groups: numberGroups(groups) } : {}),
  };
}

function readValue(field: string, line: number, column: number, names: readonly string[] | undefined): number {
  const where = `line ${line}, column ${names?.[column] ?? column + 1}`;
  if (field.trim() === '') throw invalidData(`${where}: no value; fill the hole or drop the line`);
  const value = parseNumber(field);
  if (value === undefined || !Number.isFinite(Math.fround(value))) {
    throw invalidData(`${where}: ${JSON.stringify(field.trim().slice(0, 40))} is no finite number`);
  }
  return value;
}

/** A decimal number, or NaN and infinities (which are then refused as values); undefined for anything else. */
function parseNumber(field: string): number | undefined {
  const text = field.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?(nan|inf|infinity)$/i.test(text)) return NaN;
  return undefined;
}

function packRows(rows: readonly Float32Array[], width: number): RawTensor {
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, index) => values.set(row, index * width));
  return { dtype: 'f32', dims: [rows.length, width], data: new Uint8Array(values.buffer) };
}

function numberLabels(labels: readonly { text: string; line: number }[]): { y: Int32Array; classNames?: string[] } {
  const hole = labels.find(({ text }) => text === '');
  if (hole !== undefined) throw invalidData(`line ${hole.line}: no label`);
  if (labels.every(({ text }) => parseNumber(text) !== undefined)) {
    return {
      y: Int32Array.from(labels, ({ text, line }) => {
        const value = parseNumber(text) as number;
        if (!Number.isInteger(value) || value < 0 || value > 0x7fffffff) throw invalidData(`line ${line}: label ${text} is no class number; classes are whole numbers from 0, or names`);
        return value;
      }),
    };
  }
  const classNames = [...new Set(labels.map(({ text }) => text))].sort();
  const numbers = new Map(classNames.map((text, index) => [text, index]));
  return { y: Int32Array.from(labels, ({ text }) => numbers.get(text) as number), classNames };
}

function numberGroups(groups: readonly string[]): Float64Array {
  const numbers = new Map<string, number>();
  return Float64Array.from(groups, (group) => {
    const known = numbers.get(group) ?? numbers.size;
    numbers.set(group, known);
    return known;
  });
}

/** Splits records as RFC 4180 does: quoted fields may hold commas, line ends and doubled quotes. Blank lines are skipped. */
class LineReader {
  private at = 0;
  private line = 0;

  constructor(private readonly text: string) {}

  next(): { fields: string[]; line: number } | undefined {
    while (this.at < this.text.length) {
      const line = this.line + 1;
      const fields = this.readRecord();
      if (fields.length > 1 || (fields[0] as string).trim() !== '') return { fields, line };
    }
    return undefined;
  }

  private readRecord(): string[] {
    const fields: string[] = [];
    const startLine = this.line + 1;
    for (;;) {
      let field = '';
      if (this.text[this.at] === '"') {
        field = this.readQuoted(startLine);
      } else {
        const start = this.at;
        while (this.at < this.text.length && !/[,\r\n]/.test(this.text[this.at] as string)) this.at += 1;
        field = this.text.slice(start, this.at);
      }
      fields.push(field);
      const mark = this.text[this.at];
      this.at += 1;
      if (mark === ',') continue;
      if (mark === '\r' && this.text[this.at] === '\n') this.at += 1;
      else if (mark !== undefined && mark !== '\r' && mark !== '\n') throw invalidData(`line ${startLine}: text after a closing quote`);
      this.line += 1;
      return fields;
    }
  }

  private readQuoted(startLine: number): string {
    const parts: string[] = [];
    for (let from = this.at + 1; ;) {
      const quote = this.text.indexOf('"', from);
      if (quote < 0) throw invalidData(`line ${startLine}: a quote is never closed`);
      parts.push(this.text.slice(from, quote));
      this.at = quote + 1;
      if (this.text[this.at] !== '"') break;
      parts.push('"');
      from = this.at + 1;
    }
    const field = parts.join('');
    this.line += field.split('\n').length - 1;
    return field;
  }
}
