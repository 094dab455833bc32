// A package in the worker: opened from a file, used by the steps after the search, and written in every form that can be taken away.
import {
  createStagedSession, exportPackage, isFolderForm, limitExceeded, OfframpError, packageLimits, readPlan, unzipPackage, within, withinAsync, zipPackage,
  type Augmentation, type AugmentReport, type Engine, type Evaluator, type ExportForm, type JsonObject, type PackageFile, type StagedSession,
} from '@offramp/engine';
import { zipSync, type Zippable } from 'fflate';
import type { StageFacts } from '../../steps/plan/lanes.js';
import type { Call, CallContext, Handlers, WorkerState } from '../protocol.js';

declare module '../protocol.js' {
  interface WorkerState {
    package?: HeldPackage;
    /** The search that the package came from, for other plans of its front; gone with its engine. */
    search?: { engine: Engine; augmentation: Augmentation };
  }
}

export interface RunningPackage {
  engine: Engine;
  key: string;
  session: StagedSession;
  base: Evaluator;
  /** Whether it has run before: first runs are slower. */
  warm: boolean;
}

export interface HeldPackage {
  name: string;
  files: PackageFile[];
  manifest: JsonObject;
  /** Made when first needed, for one engine and one choice of servers. */
  running?: RunningPackage;
}

export interface OpenedPackage {
  name: string;
  files: PackageFile[];
  /** Its evidence; a package made by other means may have none. */
  report: AugmentReport | undefined;
}

export type TakenForm = 'package' | 'report' | ExportForm;
export interface TakenFile {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
}

export type PackageCalls = {
  /** One .offramp file, or the files of an unpacked one. Errors: what the core says of it, naming the file. */
  openPackage: Call<{ files: { path: string; file: Blob }[] }, OpenedPackage>;
  /** The package that run and take work on. */
  usePackage: Call<{ name: string; files: PackageFile[] }, { manifest: JsonObject; stages: StageFacts[] }>;
  /** A file to save. Forms of several files are zipped. Errors: as exportPackage; invalid_package for a report without evidence. */
  takeAway: Call<{ form: TakenForm }, TakenFile>;
};

/** "model.offramp" and "model.onnx" to "model". */
const bareName = (name: string): string => name.slice(name.lastIndexOf('/') + 1).replace(/\.(offramp|onnx|zip)$/i, '') || 'model';

async function readPackage(given: readonly { path: string; file: Blob }[]): Promise<{ name: string; files: PackageFile[] }> {
  const [first] = given;
  if (first === undefined) throw new OfframpError('invalid_package', 'no file was given');
  const size = given.reduce((sum, { file }) => sum + file.size, 0);
  if (size > packageLimits.archiveBytes) throw limitExceeded(`it has ${size} bytes; at most ${packageLimits.archiveBytes} are read`).within(first.path);
  if (given.length === 1) {
    const bytes = new Uint8Array(await first.file.arrayBuffer());
    return { name: bareName(first.path), files: within(first.path, () => unzipPackage(bytes)) };
  }
  const manifest = given.find(({ path }) => /(^|\/)manifest\.json$/.test(path));
  if (manifest === undefined) throw new OfframpError('invalid_package', 'several files without a manifest.json; drop one .offramp file, or the whole folder of an unpacked one');
  const folder = manifest.path.slice(0, -'manifest.json'.length);
  const inside = given.filter(({ path }) => path.startsWith(folder) && /^(manifest\.json|stages\/\d+\.onnx)$/.test(path.slice(folder.length)));
  const files = await Promise.all(inside.map(async ({ path, file }) => ({ name: path.slice(folder.length), bytes: new Uint8Array(await file.arrayBuffer()) })));
  return { name: bareName(folder.replace(/\/$/, '')), files };
}

function hold(engine: Engine, name: string, files: PackageFile[], { state }: Pick<CallContext<never>, 'state'>): { manifest: JsonObject; stages: StageFacts[] } {
  const runtime = engine.createRuntime(files);
  try {
    const manifest = runtime.manifest();
    letGo(state.package);
    state.package = { name, files, manifest };
    return { manifest, stages: stageFacts(manifest) };
  } finally {
    runtime.dispose();
  }
}

export function stageFacts(manifest: JsonObject): StageFacts[] {
  return readPlan(manifest).stages.map(({ macs, hasExit, boundaryShape }) => ({ macs, hasExit, boundaryElements: boundaryShape?.reduce((product, size) => product * size, 1) }));
}

function letGo(held: HeldPackage | undefined): void {
  held?.running?.session.dispose();
  held?.running?.base.dispose();
  if (held !== undefined) delete held.running;
}

/** The search whose plans could be picked; its memory is needed for other work. */
export function forgetFoundPlans(state: WorkerState): void {
  state.search?.augmentation.dispose();
  delete state.search;
}

export function heldPackage({ state }: Pick<CallContext<never>, 'state'>): HeldPackage {
  if (state.package === undefined) throw new OfframpError('invalid_argument', 'there is no package yet; search first, or open one');
  return state.package;
}

export interface Offload {
  url: string;
  token?: string | undefined;
  /** The first stage that runs there. */
  from: number;
}

/** The package on one thread, as packages run unless told otherwise, with its later stages at a server if `offload` says so. */
export function runningPackage(engine: Engine, held: HeldPackage, offload: Offload | undefined): RunningPackage {
  const key = JSON.stringify(offload ?? null);
  const { running } = held;
  if (running !== undefined && running.engine === engine && running.key === key) return running;
  if (running?.engine === engine) letGo(held);
  engine.useThreads(1);
  try {
    const remotes = offload === undefined ? [] : [{ url: offload.url, from: offload.from, client: offload.token === undefined || offload.token === '' ? {} : { token: offload.token } }];
    const session = createStagedSession(engine, held.files, { remotes });
    const started = { engine, key, session, base: engine.evaluatorFromPackage(held.files), warm: false };
    held.running = started;
    return started;
  } finally {
    engine.useThreads(engine.threads);
  }
}

const textBytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;

async function takenFile(engine: Engine, { name, files, manifest }: HeldPackage, form: TakenForm): Promise<TakenFile> {
  if (form === 'package') return { name: `${name}.offramp`, bytes: zipPackage(files) as Uint8Array<ArrayBuffer>, type: 'application/zip' };
  if (form === 'report') {
    const { renderReport } = await import('offramp/report/render_report');
    return { name: `${name}_report.html`, bytes: textBytes(await renderReport({ name, ...manifest })), type: 'text/html' };
  }
  const exported = exportPackage(engine, files, form);
  if (isFolderForm(form)) {
    const entries: Zippable = {};
    for (const file of exported) entries[file.name] = [file.bytes, { mtime: new Date(1980, 0, 1), os: 3 }];
    return { name: `${name}_${form}.zip`, bytes: zipSync(entries) as Uint8Array<ArrayBuffer>, type: 'application/zip' };
  }
  return { name: `${name}_${form}.onnx`, bytes: (exported[0] as PackageFile).bytes as Uint8Array<ArrayBuffer>, type: 'application/octet-stream' };
}

export const packageCalls: Handlers<PackageCalls> = {
  async openPackage({ files: given }, context) {
    const { name, files } = await readPackage(given);
    const engine = await context.engine();
    const { manifest } = within(name, () => hold(engine, name, files, context));
    forgetFoundPlans(context.state);
    delete context.state.runRows; // they may be of another model
    return { name, files, report: evidenceOf(manifest) };
  },
  async usePackage({ name, files }, context) {
    const engine = await context.engine();
    return within(name, () => hold(engine, name, files, context));
  },
  async takeAway({ form }, context) {
    const held = heldPackage(context);
    const engine = await context.engine();
    return withinAsync(held.name, () => takenFile(engine, held, form));
  },
};

function evidenceOf(manifest: JsonObject): AugmentReport | undefined {
  const evidence = manifest['evidence'] as unknown as Partial<AugmentReport> | undefined;
  return evidence?.base === undefined || evidence.plan === undefined ? undefined : evidence as AugmentReport;
}
