// Sound to log-mel features: what keyword spotters listen to. The same arithmetic on every host.
import { cosTurns, exp, log, sinTurns } from './portable_math.js';

export const soundRate = 8000; // samples a second
export const soundLength = 8000;
export const melFrames = 48;
export const melBands = 32;
const windowLength = 256;
const hop = 160; // 20 ms
const lowestHz = 200;
const highestHz = 3800;
const floor = 1e-4; // of band energy, far below the quietest noise that is made

const hann = Float64Array.from({ length: windowLength }, (_, index) => 0.5 - 0.5 * cosTurns(index / windowLength));
const cosines = Float64Array.from({ length: windowLength / 2 }, (_, index) => cosTurns(index / windowLength));
const sines = Float64Array.from({ length: windowLength / 2 }, (_, index) => sinTurns(index / windowLength));
const bandEdges = melEdges();

/** Shapes: sound of `soundLength` samples to [melFrames, melBands] in natural logarithms of energy. */
export function logMel(sound: Float32Array): Float32Array {
  const features = new Float32Array(melFrames * melBands);
  const re = new Float64Array(windowLength);
  const im = new Float64Array(windowLength);
  const energy = new Float64Array(windowLength / 2);
  for (let frame = 0; frame < melFrames; frame += 1) {
    for (let index = 0; index < windowLength; index += 1) {
      re[index] = (sound[frame * hop + index] as number) * (hann[index] as number);
      im[index] = 0;
    }
    fftOfReal(re, im);
    for (let bin = 0; bin < energy.length; bin += 1) energy[bin] = (re[bin] as number) ** 2 + (im[bin] as number) ** 2;
    for (let band = 0; band < melBands; band += 1) features[frame * melBands + band] = log(floor + bandEnergy(energy, band));
  }
  return features;
}

/** Triangles between neighbouring edges, in bins. */
function bandEnergy(energy: Float64Array, band: number): number {
  const low = bandEdges[band] as number;
  const middle = bandEdges[band + 1] as number;
  const high = bandEdges[band + 2] as number;
  let sum = 0;
  for (let bin = Math.ceil(low); bin < high; bin += 1) {
    sum += (energy[bin] as number) * (bin < middle ? (bin - low) / (middle - low) : (high - bin) / (high - middle));
  }
  return sum;
}

function melEdges(): Float64Array {
  const mel = (hertz: number): number => 1127 * log(1 + hertz / 700);
  const [low, high] = [mel(lowestHz), mel(highestHz)];
  return Float64Array.from({ length: melBands + 2 }, (_, index) => {
    const hertz = 700 * (exp((low + ((high - low) * index) / (melBands + 1)) / 1127) - 1);
    return (hertz * windowLength) / soundRate;
  });
}

/** In place, radix 2, of a real signal: `im` holds zeros. */
function fftOfReal(re: Float64Array, im: Float64Array): void {
  const length = re.length;
  for (let index = 1, swapped = 0; index < length; index += 1) {
    let bit = length >> 1;
    for (; (swapped & bit) !== 0; bit >>= 1) swapped ^= bit;
    swapped ^= bit;
    if (index < swapped) {
      const kept = re[index] as number; // im is 0 throughout: sound is real
      re[index] = re[swapped] as number;
      re[swapped] = kept;
    }
  }
  for (let size = 2; size <= length; size *= 2) {
    const half = size / 2;
    const stride = length / size;
    for (let start = 0; start < length; start += size) {
      for (let k = 0; k < half; k += 1) {
        const c = cosines[k * stride] as number;
        const s = sines[k * stride] as number;
        const a = start + k;
        const b = a + half;
        const x = re[b] as number;
        const y = im[b] as number;
        const tr = x * c + y * s;
        const ti = y * c - x * s;
        re[b] = (re[a] as number) - tr;
        im[b] = (im[a] as number) - ti;
        re[a] = (re[a] as number) + tr;
        im[a] = (im[a] as number) + ti;
      }
    }
  }
}
