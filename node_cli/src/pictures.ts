// Pictures: PNG by the engine itself, so that all hosts see the same values; other formats by sharp where it is installed.
import { OfframpError, decodePng, dropAlpha, invalidData, limitExceeded, type PictureDecoder } from '@offramp/engine';

interface SharpImage {
  metadata(): Promise<{ width?: number; height?: number; pages?: number }>;
  raw(): { toBuffer(options: { resolveWithObject: true }): Promise<{ data: Uint8Array; info: { width: number; height: number; channels: number } }> };
}
type Sharp = (bytes: Uint8Array, options: { limitInputPixels: number | false; failOn: 'warning' }) => SharpImage;

let loading: Promise<Sharp | undefined> | undefined;

function loadSharp(): Promise<Sharp | undefined> {
  const optional = 'sharp'; // not a literal in import(): the compiler need not find it
  loading ??= import(optional).then((module: { default: Sharp }) => module.default, () => undefined);
  return loading;
}

export const decodePicture: PictureDecoder = async (bytes, path, largestPixels) => {
  if (/\.png$/i.test(path)) return decodePng(bytes, path, largestPixels);
  const sharp = await loadSharp();
  if (sharp === undefined) {
    throw invalidData(`${path} is not a PNG; other formats need the optional package sharp (npm install sharp), or convert the pictures to PNG`);
  }
  try {
    // The head is read without a limit, so that a picture too large is named as such.
    const { width = 0, height = 0 } = await sharp(bytes, { limitInputPixels: false, failOn: 'warning' }).metadata();
    if (width * height > largestPixels) throw limitExceeded(`${path} has ${width} x ${height} pixels; at most ${largestPixels} are read`);
    const image = sharp(bytes, { limitInputPixels: largestPixels, failOn: 'warning' });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return dropAlpha(new Uint8Array(data.buffer, data.byteOffset, data.length), info.channels, info.width, info.height);
  } catch (thrown) {
    if (thrown instanceof OfframpError) throw thrown;
    throw invalidData(`${path} cannot be decoded: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
};
