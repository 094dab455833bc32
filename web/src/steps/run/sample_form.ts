// What a raw sample of a package looks like, so that a drawing, a picture or a signal can be made into one.
import type { Json, JsonObject, RawTensor } from '@offramp/engine';
import { isJsonObject, toRawTensor } from '@offramp/engine';

export interface PictureForm {
  kind: 'picture';
  channels: 1 | 3;
  height: number;
  width: number;
  channelsLast: boolean;
  /** Of one raw sample, with the batch in front. */
  dims: number[];
  /** White. */
  largest: 1 | 255;
}
export interface SignalForm {
  kind: 'signal';
  channels: number;
  length: number;
  channelsLast: boolean;
  dims: number[];
}
export type SampleForm = PictureForm | SignalForm | { kind: 'other'; dims: number[] };

const numbers = (value: Json | undefined): number[] => (Array.isArray(value) ? value.filter((item): item is number => typeof item === 'number') : []);

/**
 * From the manifest's input shape back through its preprocessing. A reshape is undone by leaving it: any shape of as many elements
 * goes through it.
 */
export function sampleForm(manifest: JsonObject): SampleForm {
  const model = isJsonObject(manifest['model']) ? manifest['model'] : {};
  const input = isJsonObject(model['input']) ? model['input'] : {};
  const steps = (Array.isArray(manifest['preprocess']) ? manifest['preprocess'] : []).filter(isJsonObject);
  let dims = [1, ...numbers(input['shape'])];
  let channelsLast = false;
  for (const step of [...steps].reverse()) {
    if (step['op'] === 'reshape') break;
    if (step['op'] !== 'transpose') continue;
    const axes = numbers(step['axes']);
    const before = new Array<number>(dims.length).fill(1);
    axes.forEach((from, to) => { before[from] = dims[to] ?? 1; });
    dims = before;
    channelsLast = !channelsLast;
  }
  return classify(dims, channelsLast, largestValue(steps));
}

function classify(dims: number[], channelsLast: boolean, largest: 1 | 255): SampleForm {
  const inner = dims.slice(1);
  if (inner.length === 3 || (inner.length === 2 && Math.min(...inner) >= 16 && inner[0] === inner[1])) {
    const [channels = 1, height = 1, width = 1] = inner.length === 2 ? [1, ...inner] : channelsLast ? [inner[2], inner[0], inner[1]] : inner;
    if ((channels === 1 || channels === 3) && height >= 8 && width >= 8) return { kind: 'picture', channels, height, width, channelsLast, dims, largest };
  }
  const long = inner.filter((size) => size > 1);
  if (inner.length <= 3 && long.length <= 2 && Math.max(...inner) >= 32 && (long.length === 1 || Math.min(...long) <= 16)) {
    const length = Math.max(...inner);
    const channels = inner.reduce((product, size) => product * size, 1) / length;
    return { kind: 'signal', channels, length, channelsLast: channels > 1 && inner.at(-1) !== length, dims };
  }
  return { kind: 'other', dims };
}

/** Pixels are 0 to 255 where preprocessing scales them down, else 0 to 1. */
function largestValue(steps: readonly JsonObject[]): 1 | 255 {
  for (const step of steps) {
    if (step['op'] === 'scale' && typeof step['by'] === 'number') return step['by'] < 0.1 ? 255 : 1;
    if (step['op'] === 'normalize') return Math.max(0, ...numbers(step['mean'])) > 2 || Math.max(0, ...numbers(step['std'])) > 2 ? 255 : 1;
  }
  return 1;
}

/** RGBA bytes of the form's size to a raw sample. */
export function pictureSample(form: PictureForm, rgba: Uint8ClampedArray): RawTensor {
  const { channels, height, width, channelsLast, dims, largest } = form;
  const pixels = height * width;
  const values = new Float32Array(channels * pixels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const [red = 0, green = 0, blue = 0] = rgba.subarray(4 * pixel, 4 * pixel + 3);
    const colours = channels === 3 ? [red, green, blue] : [0.299 * red + 0.587 * green + 0.114 * blue];
    colours.forEach((value, channel) => { values[channelsLast ? pixel * channels + channel : channel * pixels + pixel] = largest === 255 ? value : value / 255; });
  }
  return toRawTensor(values, dims);
}

/** A raw sample's values to RGBA bytes of the form's size; values are stretched to the sample's own range if they leave 0 to `largest`. */
export function samplePicture(form: PictureForm, values: ArrayLike<number>): Uint8ClampedArray<ArrayBuffer> {
  const { channels, height, width, channelsLast } = form;
  const pixels = height * width;
  const { low, high } = rangeOf(values, form.largest);
  const rgba = new Uint8ClampedArray(4 * pixels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let colour = 0; colour < 3; colour += 1) {
      const channel = channels === 3 ? colour : 0;
      const value = values[channelsLast ? pixel * channels + channel : channel * pixels + pixel] ?? 0;
      rgba[4 * pixel + colour] = 255 * (value - low) / (high - low);
    }
    rgba[4 * pixel + 3] = 255;
  }
  return rgba;
}

function rangeOf(values: ArrayLike<number>, largest: number): { low: number; high: number } {
  let low = 0;
  let high = 0;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  // Files may hold 0 to 255 although the last step of their preprocessing asks for no such thing, and the other way round.
  if (low >= 0 && high <= largest && (largest === 1 || high > 1)) return { low: 0, high: largest };
  return { low, high: high > low ? high : low + 1 };
}
