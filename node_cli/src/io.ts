// What a command may do to the outside, so that tests can stand in for it.

/** A file in a folder; `name` may have folders of its own, with slashes. */
export interface OutputFile {
  name: string;
  bytes: Uint8Array;
}

export interface Terminal {
  /** Standard error is a terminal that can redraw a line. */
  progressBars: boolean;
  /** Standard output takes colour. */
  color: boolean;
  columns: number;
}

export interface CommandIo {
  terminal: Terminal;
  /** Data: standard output. */
  out(text: string): void;
  /** Progress, remarks and errors: standard error. */
  err(text: string): void;
  /** Errors: invalid_argument if a file cannot appear at `path`. */
  checkWritable(path: string): Promise<void>;
  /** The file appears whole or not at all. Errors: invalid_argument. */
  writeFile(path: string, bytes: Uint8Array): Promise<void>;
  /** The same from pieces one behind the other, which are handed over and empty afterwards. */
  writePieces(path: string, pieces: readonly Uint8Array<ArrayBuffer>[]): Promise<void>;
  /** Errors: invalid_argument if a folder cannot appear at `path`, or one with files is there. */
  checkFolder(path: string): Promise<void>;
  /** The folder appears whole or not at all. Errors: as checkFolder. */
  writeFolder(path: string, files: readonly OutputFile[]): Promise<void>;
  /** As writeFile, in the folder of an unfinished search, which is made if need be. */
  writeProgress(folder: string, name: string, bytes: Uint8Array): Promise<void>;
  /** Of that folder, all that was written so. */
  removeProgress(folder: string): Promise<void>;
  /**
   * Until the user or the system asks the process to end. From the first call on, the command ends itself in good order; where that is to
   * keep progress in a folder, it has little time.
   */
  untilStopped(progress?: string): Promise<void>;
}
