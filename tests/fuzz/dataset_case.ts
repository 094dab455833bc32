// One input of the dataset readers: the files and the entry to read, or a package's zip. Files of regressions/datasets
// hold one each, as JSON with base64.
import { OfframpError, unzipPackage } from '@offramp/engine';
import { readFrom } from '../wasm/samples.js';

export interface DatasetCase {
  /** What is read: a file, the folder itself, or a package. */
  entry: string | 'folder' | 'package';
  files: Record<string, Uint8Array>;
}

export function toJson({ entry, files }: DatasetCase): string {
  return JSON.stringify({ entry, files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])) });
}

export function fromJson(text: string): DatasetCase {
  const { entry, files } = JSON.parse(text) as { entry: string; files: Record<string, string> };
  return { entry, files: Object.fromEntries(Object.entries(files).map(([name, base64]) => [name, Uint8Array.from(Buffer.from(base64, 'base64'))])) };
}

/** "read", or the code of a typed error. Anything else that is thrown is a finding. */
export async function outcomeOf({ entry, files }: DatasetCase): Promise<string> {
  try {
    if (entry === 'package') unzipPackage(files['package'] ?? new Uint8Array());
    else await readFrom(files, entry === 'folder' ? undefined : entry);
    return 'read';
  } catch (thrown) {
    if (thrown instanceof OfframpError && thrown.code !== 'internal') return thrown.code;
    throw thrown;
  }
}
