// Pictures of ten kinds of ripples in noise: a class is a direction, a wavelength and two colours; place and strength are by chance.
// Some rows are nearly all noise, so that there are easy and hard ones, as in real data.
import { Random } from './random.js';

export interface Rows {
  /** u8 [rows, side, side, 3] */
  x: Uint8Array;
  y: Uint8Array;
}

/** From bytes to what the network takes. */
export const preprocess = [
  { op: 'scale', by: 1 / 255 }, { op: 'normalize', mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25], axis: -1 }, { op: 'transpose', axes: [0, 3, 1, 2] },
];

const classes = 10;
const noise = 25; // deviation, of 255
const strength = { low: 4, high: 90 };

export function makeRows(rows: number, side: number, seed: number): Rows {
  const kinds = Array.from({ length: classes }, (_, kind) => {
    const random = new Random(1000 + kind);
    const angle = Math.PI * ((kind % 5) / 5);
    const cycles = kind < 5 ? 3 : 6;
    return { across: (cycles * Math.cos(angle)) / 32, down: (cycles * Math.sin(angle)) / 32, colour: [0, 1, 2].map(() => 0.4 + 0.6 * random.uniform()), ground: [0, 1, 2].map(() => random.uniform() - 0.5) };
  });
  const random = new Random(seed);
  const x = new Uint8Array(rows * side * side * 3);
  const y = Uint8Array.from({ length: rows }, (_, row) => row % classes);
  let at = 0;
  for (let row = 0; row < rows; row += 1) {
    const { across, down, colour, ground } = kinds[row % classes] as (typeof kinds)[number];
    const phase = random.uniform();
    const amplitude = strength.low + (strength.high - strength.low) * random.uniform();
    const grain = random.normals(side * side * 3, noise);
    for (let pixel = 0; pixel < side * side; pixel += 1) {
      const wave = Math.sin(2 * Math.PI * ((pixel % side) * across + Math.floor(pixel / side) * down + phase));
      for (let channel = 0; channel < 3; channel += 1, at += 1) {
        const value = 128 + amplitude * (wave * (colour[channel] as number) + (ground[channel] as number)) + (grain[3 * pixel + channel] as number);
        x[at] = Math.min(255, Math.max(0, Math.round(value)));
      }
    }
  }
  return { x, y };
}

/** The same as `preprocess` does, f32 [rows, 3, side, side]. */
export function networkInputs(x: Uint8Array, side: number): Float32Array {
  const area = side * side;
  return Float32Array.from({ length: x.length }, (_, at) => {
    const row = Math.floor(at / (3 * area));
    const channel = Math.floor(at / area) % 3;
    return ((x[(row * area + (at % area)) * 3 + channel] as number) / 255 - 0.5) / 0.25;
  });
}
