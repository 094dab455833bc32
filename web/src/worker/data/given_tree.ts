// What the user handed over as a tree that dataset readers understand: files are read when they are needed, zips are unpacked, and a
// pair of .npy files gets the description that names them.
import {
  MemoryFileTree, OfframpError, invalidData, limitExceeded, unzipGuarded, withinAsync, type FileTree,
} from '@offramp/engine';

export interface GivenBlob {
  path: string;
  file: Blob;
}

export interface GivenTree {
  tree: FileTree;
  /** The file to read; none where the tree itself is the dataset. */
  entry: string | undefined;
  /** Arrays were put together here: nobody has said how they are to be prepared. */
  assembled?: boolean;
}

const zipLimits = { archiveBytes: 2 ** 30, totalBytes: 2 ** 30, entries: 100_000, ratio: 1100 };
const mostFiles = 200_000;
const clutter = /(^|\/)(\.[^/]*|__MACOSX|Thumbs\.db|desktop\.ini)(\/|$)/;
const labelFile = /(^|[^a-z])(y|labels?|targets?|classes)([^a-z]|$)/i;
const groupFile = /(^|[^a-z])(groups?|patients?|speakers?)([^a-z]|$)/i;

class BlobTree implements FileTree {
  private readonly files: Map<string, Blob>;

  constructor(files: Iterable<readonly [string, Blob]>) {
    this.files = new Map(files);
  }
  list(): string[] {
    return [...this.files.keys()];
  }
  size(path: string): Promise<number | undefined> {
    return Promise.resolve(this.files.get(path)?.size);
  }
  async read(path: string): Promise<Uint8Array> {
    const file = this.files.get(path);
    if (file === undefined) throw invalidData(`file ${path} does not exist`);
    try {
      return new Uint8Array(await file.arrayBuffer());
    } catch {
      throw invalidData(`file ${path} can no longer be read; it was moved or changed. Pick it again`);
    }
  }
}

/** Errors: invalid_data for a damaged zip or nothing to read; limit_exceeded. */
export async function givenTree(given: readonly GivenBlob[]): Promise<GivenTree> {
  const files = given.filter(({ path }) => !clutter.test(path));
  if (files.length === 0) throw invalidData('there are no files in it');
  if (files.length > mostFiles) throw limitExceeded(`${files.length} files; at most ${mostFiles} are read`);
  const [only] = files;
  if (files.length === 1 && only !== undefined) {
    if (/\.zip$/i.test(only.path)) return { tree: await unzipped(only), entry: undefined };
    const path = only.path.slice(only.path.lastIndexOf('/') + 1);
    return { tree: new BlobTree([[path, only.file]]), entry: path };
  }
  const paths = withoutCommonFolder(files.map(({ path }) => path));
  const entries = new Map(files.map(({ file }, at) => [paths[at] as string, file]));
  if (!paths.some((path) => /\.(json|npz|csv)$/i.test(path))) {
    const description = describeArrays(paths.filter((path) => /\.npy$/i.test(path)));
    if (description !== undefined) {
      entries.set('offramp_dataset.json', new Blob([JSON.stringify(description)]));
      return { tree: new BlobTree(entries), entry: undefined, assembled: true };
    }
  }
  return { tree: new BlobTree(entries), entry: undefined };
}

async function unzipped({ path, file }: GivenBlob): Promise<FileTree> {
  return withinAsync(path, async () => {
    if (file.size > zipLimits.archiveBytes) throw limitExceeded(`it has ${file.size} bytes; at most ${zipLimits.archiveBytes} are read`);
    const files = unzipGuarded(new Uint8Array(await file.arrayBuffer()), zipLimits, () => undefined, 'invalid_data')
      .filter(({ name }) => !clutter.test(name) && !name.endsWith('/'));
    if (files.length === 0) throw invalidData('the zip holds no files');
    const names = withoutCommonFolder(files.map(({ name }) => name));
    return new MemoryFileTree(files.map(({ bytes }, at) => [names[at] as string, bytes]));
  });
}

/** train/cat/1.png, train/dog/2.png: the folder that was given is not part of the data. */
function withoutCommonFolder(paths: readonly string[]): string[] {
  let rest = [...paths];
  for (;;) {
    const first = rest[0] ?? '';
    const folder = first.slice(0, first.indexOf('/') + 1);
    // Two levels stay: class folders hold files.
    if (folder === '' || !rest.every((path) => path.startsWith(folder)) || rest.every((path) => path.split('/').length === 2)) return rest;
    rest = rest.map((path) => path.slice(folder.length));
  }
}

function describeArrays(arrays: readonly string[]): Record<string, unknown> | undefined {
  if (arrays.length < 2 || arrays.length > 3) return undefined;
  const y = arrays.find((path) => labelFile.test(path));
  const groups = arrays.find((path) => path !== y && groupFile.test(path));
  const x = arrays.filter((path) => path !== y && path !== groups);
  if (y === undefined || x.length !== 1) {
    throw new OfframpError('invalid_data', `which of ${arrays.join(', ')} holds the labels? Name it labels.npy or y.npy, or add a description`);
  }
  return { offramp_dataset: 1, x: x[0], y, ...(groups === undefined ? {} : { groups }) };
}
