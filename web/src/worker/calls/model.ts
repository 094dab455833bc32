// The model step's calls.
import { looksLikeZip, modelClasses, OfframpError, limitExceeded, within, type InspectReport } from '@offramp/engine';
import type { Call, Handlers } from '../protocol.js';
import { forgetFoundPlans } from './package.js';

export interface OpenedModel {
  report: InspectReport;
  /** How many classes it tells apart, where its output's shape says so. */
  classes?: number;
  bytes: number;
}

export type ModelCalls = {
  /** Keeps the model in the worker, for the steps after it. Errors: what `inspect` says, naming the file. */
  openModel: Call<{ name: string; file: Blob }, OpenedModel>;
};

/** More is not read into a page's memory, which the weights need several times over while a search runs. */
const largestModelBytes = 256 * 2 ** 20;

export const modelCalls: Handlers<ModelCalls> = {
  async openModel({ name, file }, { engine, state }) {
    if (file.size > largestModelBytes) throw limitExceeded(`it has ${file.size} bytes; a page reads at most ${largestModelBytes}`).within(name);
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (looksLikeZip(bytes)) throw new OfframpError('invalid_model', 'a zip file where an ONNX model is needed').within(name);
    const loaded = await engine();
    const report = within(name, () => loaded.inspect(bytes));
    const classes = modelClasses(report);
    state.model = { name, bytes };
    state.report = report;
    delete state.sets; // rows were checked against the model before
    forgetFoundPlans(state);
    return { report, bytes: bytes.length, ...(classes === undefined ? {} : { classes }) };
  },
};
