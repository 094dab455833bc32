// Files as the user gave them, dropped or picked, each with its path below what was given.

export interface GivenFile {
  /** Relative, forward slashes. */
  path: string;
  file: File;
}

export function pickedFiles(list: FileList | null): GivenFile[] {
  return [...list ?? []].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
}

/** Folders are walked. */
export async function droppedFiles(transfer: DataTransfer): Promise<GivenFile[]> {
  // Entries must be taken before the first await: afterwards the transfer is empty.
  const entries = [...transfer.items].filter((item) => item.kind === 'file').map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return pickedFiles(transfer.files);
  const found: GivenFile[] = [];
  for (const entry of entries) if (entry !== null) await walk(entry, '', found);
  return found;
}

async function walk(entry: FileSystemEntry, folder: string, found: GivenFile[]): Promise<void> {
  const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  // A reader gives at most 100 entries at a time.
  for (;;) {
    const entries = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (entries.length === 0) return;
    for (const inner of entries) await walk(inner, path, found);
  }
}
