// The targets step's calls: this device's speed on the model at hand, a server's, and whether the core takes the targets.
import { measureLink, measureSpeed, oneThread, OfframpError, within, type Json, type JsonObject } from '@offramp/engine';
import { OipClient, OipError, type OipErrorKind } from '@offramp/oip';
import type { Call, Handlers, WorkerState } from '../protocol.js';

export interface LinkTest {
  /** There and back without a tensor; the median. */
  rttNs: number;
  /** To the server. */
  bytesPerS: number;
  models: string[];
  server: string;
}

/** Why a server could not be asked: an OipError's kind and message. */
export interface LinkFailure {
  failed: OipErrorKind;
  message: string;
}

export type TargetsCalls = {
  /** MACs per second of the open model, on one thread, as packages run. Errors: invalid_argument without a model. */
  measureDevice: Call<Record<string, never>, { macsPerS: number }>;
  /** Asks a server of the Open Inference Protocol and measures the way to it, with up to some tens of megabytes. Errors: remote; cancelled. */
  testLink: Call<{ url: string; token: string }, LinkTest | LinkFailure>;
  /** Errors: what the core says of targets.json, naming the key. */
  checkTargets: Call<{ targets: Json }, Record<string, never>>;
};

const limitMs = 5000; // of an answer
const measuringMs = 10_000;

function openModel(state: WorkerState): Uint8Array {
  if (state.model === undefined) throw new OfframpError('invalid_argument', 'pick a model first');
  return state.model.bytes;
}

export const targetsCalls: Handlers<TargetsCalls> = {
  async measureDevice(_, { engine, state, signal }) {
    const model = openModel(state);
    const loaded = await engine();
    return { macsPerS: await oneThread(loaded, () => measureSpeed(loaded, model, 'xnnpack', signal)) };
  },

  async testLink({ url, token }, { signal }) {
    try {
      const client = new OipClient(url, token === '' ? {} : { token });
      const call = { signal, timeoutMs: limitMs };
      if (!await client.serverLive(call)) throw new OipError('overloaded', `${client.url} says that it is not live`);
      const { name, version } = await client.serverMetadata(call);
      const { rttNs, bytesPerS, models } = await measureLink(url, { client: { token: token || undefined }, signal, limitMs: measuringMs });
      return { rttNs, bytesPerS, models, server: `${name} ${version}`.trim() };
    } catch (thrown) {
      if (!(thrown instanceof OipError)) throw thrown;
      if (thrown.kind === 'aborted') throw new OfframpError('cancelled', 'asking the server was stopped');
      return { failed: thrown.kind, message: thrown.message };
    }
  },

  async checkTargets({ targets }, { engine, state }) {
    const model = openModel(state);
    const loaded = await engine();
    // The core reads targets where it begins to augment, which costs next to nothing until rows come.
    const options: JsonObject = { preprocess: [], targets, measured_macs_per_s: 1e9 };
    within('targets', () => loaded.createAugmenter(model, options)).dispose();
    return {};
  },
};
