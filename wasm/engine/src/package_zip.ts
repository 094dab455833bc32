// An .offramp package as a zip: the core takes files by name, zipping is the hosts'. What is unzipped is hostile.
import { joinBytes } from '@offramp/oip';
import { unzipSync, Zip, ZipDeflate } from 'fflate';
import { OfframpError } from './errors.js';
import type { PackageFile } from './raw_module.js';

export interface ZipLimits {
  archiveBytes: number;
  totalBytes: number;
  entries: number;
  /** Largest unpacked size per packed byte. Weights hardly compress; a bomb does. */
  ratio: number;
}
export const packageLimits: ZipLimits = { archiveBytes: 2 ** 30, totalBytes: 2 ** 30, entries: 256, ratio: 100 };

const deflatedAtOnce = 2 ** 16;
const ratioFreeBytes = 2 ** 20; // small files of zeros are no danger
const entryName = /^(manifest\.json|stages\/(0|[1-9][0-9]{0,2})\.onnx)$/;

export function isPackageEntry(name: string): boolean {
  return entryName.test(name);
}

export function looksLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/** Same files, same bytes: entries carry the zip format's first date instead of a clock's. */
export function zipPackage(files: readonly PackageFile[]): Uint8Array {
  return joinBytes(zipPieces(files));
}

/** The same in pieces, one behind the other. With `consume` the files are empty afterwards, each as soon as it is in, so that its memory can be had again. */
export function zipPieces(files: readonly PackageFile[], { consume = false } = {}): Uint8Array<ArrayBuffer>[] {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const zip = new Zip((error, piece) => {
    if (error !== null) throw error;
    pieces.push(piece as Uint8Array<ArrayBuffer>);
  });
  for (const file of files) {
    const { name, bytes } = file;
    if (!isPackageEntry(name)) throw refuse(`the file name "${name}"`);
    const entry = new ZipDeflate(name, { level: 6 });
    entry.mtime = new Date(1980, 0, 1);
    entry.os = 3;
    zip.add(entry);
    for (let at = 0; at < bytes.length; at += deflatedAtOnce) entry.push(bytes.subarray(at, at + deflatedAtOnce));
    entry.push(new Uint8Array(0), true);
    if (consume) file.bytes = new Uint8Array(0);
  }
  zip.end();
  return pieces;
}

/** Errors: invalid_package for anything but a zip of manifest.json and stages/N.onnx; limit_exceeded past `limits`. */
export function unzipPackage(bytes: Uint8Array, limits: ZipLimits = packageLimits): PackageFile[] {
  const contents = unzipGuarded(bytes, limits, (name) => {
    if (!isPackageEntry(name)) throw refuse(`an entry named ${JSON.stringify(name.slice(0, 80))}`);
  }, 'invalid_package');
  if (!contents.some((file) => file.name === 'manifest.json')) {
    throw new OfframpError('invalid_package', 'the zip holds no manifest.json; was it written by `offramp augment`?');
  }
  return contents;
}

/** Unzips with caps checked on the directory before anything is unpacked. */
export function unzipGuarded(
  bytes: Uint8Array, limits: ZipLimits, checkName: (name: string) => void, code: 'invalid_package' | 'invalid_data',
): PackageFile[] {
  const limit = (message: string): OfframpError => new OfframpError('limit_exceeded', message);
  if (bytes.length > limits.archiveBytes) throw limit(`a zip of ${bytes.length} bytes; at most ${limits.archiveBytes} are read`);
  if (!looksLikeZip(bytes)) throw new OfframpError(code, 'not a zip file');
  let entries = 0;
  let total = 0;
  const declared = new Map<string, number>();
  let unpacked: Record<string, Uint8Array>;
  try {
    unpacked = unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        entries += 1;
        if (entries > limits.entries) throw limit(`more than ${limits.entries} entries in the zip`);
        if (name.endsWith('/') && originalSize === 0) return false;
        checkName(name);
        if (declared.has(name)) throw new OfframpError(code, `two entries named ${JSON.stringify(name)}`);
        if (compression !== 0 && compression !== 8) {
          throw new OfframpError(code, `entry ${name} uses zip method ${compression}; stored and deflated entries are read`);
        }
        total += originalSize;
        if (total > limits.totalBytes) throw limit(`the zip unpacks to more than ${limits.totalBytes} bytes`);
        if (originalSize > ratioFreeBytes && originalSize > size * limits.ratio) {
          throw limit(`entry ${name} unpacks to ${originalSize} bytes from ${size}, more than ${limits.ratio} to 1`);
        }
        declared.set(name, originalSize);
        return true;
      },
    });
  } catch (thrown) {
    if (thrown instanceof OfframpError) throw thrown;
    throw new OfframpError(code, `a damaged zip: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
  return Object.entries(unpacked).map(([name, contents]) => {
    if (contents.length !== declared.get(name)) {
      throw new OfframpError(code, `a damaged zip: entry ${name} unpacks to ${contents.length} bytes, not the declared ${declared.get(name)}`);
    }
    return { name, bytes: contents };
  });
}

function refuse(what: string): OfframpError {
  return new OfframpError('invalid_package', `${what} is not allowed in a package: only manifest.json and stages/0.onnx, stages/1.onnx, ...`);
}
