// A few samples as something to look at: a picture, a curve, or plain values.
import { drawRows, elementCount, sliceRows, toTypedArray, type Dataset, type Json, type RawTensor } from '@offramp/engine';

export type Preview = { row: number; label: number } & PreviewContent;
export type PreviewContent =
  | { kind: 'image'; width: number; height: number; rgba: Uint8ClampedArray }
  | { kind: 'signal'; values: Float32Array }
  | { kind: 'values'; values: Float32Array };

const mostPoints = 400; // of a curve
const mostValues = 8;
const largestSide = 512;

/** `count` samples, drawn but the same ones every time. `modelShape` without the batch helps with samples that are flat. */
export function previewsOf(dataset: Dataset, modelShape: readonly (number | null)[] | undefined, count: number): Preview[] {
  return [...drawRows(dataset.y.length, count, 1)].map((row) => ({ row, label: dataset.y[row] as number, ...previewRow(dataset, row, modelShape) }));
}

function previewRow(dataset: Dataset, row: number, modelShape: readonly (number | null)[] | undefined): PreviewContent {
  const sample = sliceRows(dataset.x, row, row + 1);
  return previewSample({ ...sample, dims: viewShape(sample.dims.slice(1), dataset.preprocess, modelShape) });
}

/** Flat samples have the shape that preprocessing gives them, or the model's. */
function viewShape(dims: readonly number[], preprocess: readonly Json[] | undefined, modelShape: readonly (number | null)[] | undefined): number[] {
  if (dims.length > 1) return [...dims];
  const reshape = preprocess?.map((step) => (step as { op?: string; shape?: number[] })).find(({ op }) => op === 'reshape')?.shape?.slice(1);
  const model = modelShape?.every((size) => size !== null) === true ? modelShape as number[] : undefined;
  return [reshape, model].find((shape) => shape !== undefined && elementCount(shape) === elementCount(dims)) ?? [...dims];
}

/** `sample.dims` without the batch. */
function previewSample(sample: RawTensor): PreviewContent {
  const values = toTypedArray(sample) as ArrayLike<number>;
  const image = imageLayout(sample.dims);
  if (image !== undefined) return { kind: 'image', width: image.width, height: image.height, rgba: paint(values, image, sample.dtype === 'u8') };
  const length = sample.dims.at(-1) ?? 1;
  if (length >= 24) return { kind: 'signal', values: thinOut(values, Math.min(length, values.length)) };
  return { kind: 'values', values: Float32Array.from({ length: Math.min(mostValues, values.length) }, (_, at) => values[at] as number) };
}

interface ImageLayout {
  width: number;
  height: number;
  channels: 1 | 3;
  /** Channels lie apart, as models take them. */
  planar: boolean;
}

function imageLayout(dims: readonly number[]): ImageLayout | undefined {
  const fits = (height: number, width: number): boolean => height >= 4 && width >= 4 && height <= largestSide && width <= largestSide;
  const [a = 0, b = 0, c = 0] = dims;
  if (dims.length === 2 && fits(a, b)) return { height: a, width: b, channels: 1, planar: false };
  if (dims.length !== 3) return undefined;
  if ((c === 1 || c === 3) && fits(a, b)) return { height: a, width: b, channels: c, planar: false };
  if ((a === 1 || a === 3) && fits(b, c)) return { height: b, width: c, channels: a, planar: true };
  return undefined;
}

function paint(values: ArrayLike<number>, { width, height, channels, planar }: ImageLayout, bytes: boolean): Uint8ClampedArray {
  let low = bytes ? 0 : Infinity;
  let high = bytes ? 255 : -Infinity;
  for (let at = 0; !bytes && at < values.length; at += 1) {
    low = Math.min(low, values[at] as number);
    high = Math.max(high, values[at] as number);
  }
  const scale = high > low ? 255 / (high - low) : 0;
  const pixels = width * height;
  const rgba = new Uint8ClampedArray(4 * pixels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const from = channels === 1 ? 0 : channel;
      rgba[4 * pixel + channel] = ((values[planar ? from * pixels + pixel : pixel * channels + from] as number) - low) * scale;
    }
    rgba[4 * pixel + 3] = 255;
  }
  return rgba;
}

/** The first row of values; of a long one the extremes of every stretch, so that spikes stay. */
function thinOut(values: ArrayLike<number>, length: number): Float32Array {
  if (length <= mostPoints) return Float32Array.from({ length }, (_, at) => values[at] as number);
  const stretches = mostPoints / 2;
  const out = new Float32Array(mostPoints);
  for (let at = 0; at < stretches; at += 1) {
    const begin = Math.floor(at * length / stretches);
    const end = Math.max(begin + 1, Math.floor((at + 1) * length / stretches));
    let low = Infinity;
    let high = -Infinity;
    for (let point = begin; point < end; point += 1) {
      low = Math.min(low, values[point] as number);
      high = Math.max(high, values[point] as number);
    }
    out[2 * at] = low;
    out[2 * at + 1] = high;
  }
  return out;
}
