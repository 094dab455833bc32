// Pictures of any kind that the browser knows; PNG by the engine's own decoder, so that its samples are the same on every host.
import { decodePng, dropAlpha, invalidData, limitExceeded, type PictureDecoder } from '@offramp/engine';

/** `channels` that the model takes, if it is known to be 1 or 3: a grey photograph is stored in colour more often than not. */
export function pictureDecoder(channels: number | undefined): PictureDecoder {
  return async (bytes, path, largestPixels) => {
    if (/\.png$/i.test(path)) return decodePng(bytes, path, largestPixels);
    let bitmap: ImageBitmap;
    try {
      bitmap = await createImageBitmap(new Blob([bytes as Uint8Array<ArrayBuffer>]), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
    } catch {
      throw invalidData(`${path} is a damaged picture, or of a kind that this browser does not know; convert it to PNG`);
    }
    try {
      const { width, height } = bitmap;
      if (width * height > largestPixels) throw limitExceeded(`${path} has ${width} x ${height} pixels; at most ${largestPixels} are read`);
      const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      if (context === null) throw invalidData(`${path} cannot be decoded here; convert it to PNG`);
      context.drawImage(bitmap, 0, 0);
      const rgb = dropAlpha(new Uint8Array(context.getImageData(0, 0, width, height).data.buffer), 4, width, height);
      return channels === 1 ? { ...rgb, channels: 1, data: toGrey(rgb.data) } : rgb;
    } finally {
      bitmap.close();
    }
  };
}

function toGrey(rgb: Uint8Array): Uint8Array {
  const grey = new Uint8Array(rgb.length / 3);
  for (let at = 0; at < grey.length; at += 1) {
    const [red = 0, green = 0, blue = 0] = rgb.subarray(3 * at, 3 * at + 3);
    grey[at] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  }
  return grey;
}
