// The middle of a picture at a model's size.
import type { RawTensor } from '@offramp/engine';
import { pictureSample, type PictureForm } from './sample_form.js';

/** Draws the largest middle part of the model's proportions into `canvas` and reads it as a sample. */
export function framedSample(
  form: PictureForm, source: CanvasImageSource, size: { width: number; height: number }, canvas: HTMLCanvasElement,
): RawTensor | undefined {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null || size.width === 0 || size.height === 0) return undefined;
  canvas.width = form.width;
  canvas.height = form.height;
  const scale = Math.min(size.width / form.width, size.height / form.height);
  const width = form.width * scale;
  const height = form.height * scale;
  context.imageSmoothingQuality = 'high';
  context.drawImage(source, (size.width - width) / 2, (size.height - height) / 2, width, height, 0, 0, form.width, form.height);
  return pictureSample(form, context.getImageData(0, 0, form.width, form.height).data);
}
