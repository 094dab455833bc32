// Spoken-command-like sounds, synthetic: one second in which somebody whistles one of seven short tunes, or nobody does, in noise.
// Difficulty is graded: most whistles are clear, some faint, small, crooked or cut short.
import { log, exp, sinTurns } from './portable_math.js';
import { logMel, melBands, melFrames, soundLength, soundRate } from './log_mel.js';
import type { Random } from './random.js';
import type { GroupRows, SyntheticTask } from './synthetic.js';

export const whistleLabels = ['background', 'steady', 'rise', 'fall', 'peak', 'dip', 'twice', 'trill'] as const;
type Tune = (typeof whistleLabels)[number];

interface Whistler {
  /** Middle of the whistler's range. */
  pitchHz: number;
  /** Of a tune, in octaves. */
  span: number;
  seconds: number;
  overtone: number;
  /** Of the room, against a whistle of 1. */
  noise: number;
  humHz: number;
}

export const whistles: SyntheticTask = {
  name: 'whistled commands', seed: 0x0ff1, sampleShape: [melFrames, melBands], labels: whistleLabels, rowsPerGroup: 40,
  preprocess: [{ op: 'standardize', epsilon: 0.01 }, { op: 'reshape', shape: [-1, 1, melFrames, melBands] }],
  makeGroup(random, rows) {
    const whistler = makeWhistler(random);
    const made: GroupRows = { samples: [], classes: [] };
    for (let row = 0; row < rows; row += 1) {
      const tune = random.below(whistleLabels.length);
      made.samples.push(logMel(makeSound(random, whistler, whistleLabels[tune] as Tune)));
      made.classes.push(tune);
    }
    return made;
  },
};

export function makeWhistler(random: Random): Whistler {
  return {
    pitchHz: random.between(900, 1700), span: random.between(0.45, 0.9), seconds: random.between(0.45, 0.7), overtone: random.between(0.02, 0.2),
    noise: random.between(0.05, 0.3), humHz: random.between(90, 260),
  };
}

/** Shapes: `soundLength` samples at `soundRate`. */
export function makeSound(random: Random, whistler: Whistler, tune: Tune): Float32Array {
  const sound = new Float32Array(soundLength);
  addNoise(random, sound, whistler);
  const faintness = random.unit() ** 3; // most are near 0: loud and clear
  if (tune !== 'background') addWhistle(random, sound, whistler, tune, faintness);
  else if (random.chance(0.35)) addClick(random, sound);
  if (random.chance(0.15)) addClick(random, sound);
  return sound;
}

function addNoise(random: Random, sound: Float32Array, { noise, humHz }: Whistler): void {
  const level = noise * random.between(0.5, 2);
  const hum = level * random.between(0, 1.5);
  const start = random.unit();
  let low = 0;
  for (let index = 0; index < sound.length; index += 1) {
    const white = random.normal();
    low += 0.08 * (white - low); // rooms rumble more than they hiss
    sound[index] = level * (0.6 * white + 3 * low) + hum * sinTurns(start + (humHz * index) / soundRate);
  }
}

function addClick(random: Random, sound: Float32Array): void {
  const start = random.below(sound.length - 1600);
  const length = 80 + random.below(1500);
  const loudness = random.between(0.5, 2.5);
  for (let index = 0; index < length; index += 1) {
    const left = 1 - index / length;
    sound[start + index] = (sound[start + index] as number) + loudness * left * left * left * random.normal();
  }
}

function addWhistle(random: Random, sound: Float32Array, whistler: Whistler, tune: Tune, faintness: number): void {
  const seconds = whistler.seconds * random.between(0.8, 1.2) * (1 - 0.35 * faintness);
  const length = Math.min(Math.floor(seconds * soundRate), sound.length);
  const start = random.below(sound.length - length + 1);
  const span = whistler.span * random.between(0.75, 1.25) * (1 - 0.72 * faintness);
  const centre = log(whistler.pitchHz) + 0.12 * random.normal();
  const crooked = 0.05 * random.normal() + 0.22 * faintness * random.normal();
  const turn = random.between(0.5 - 0.12 - 0.2 * faintness, 0.5 + 0.12 + 0.2 * faintness); // where a peak or a dip turns
  const wobbles = random.between(4.5, 7.5) * seconds;
  const wobbleStart = random.unit();
  const loudness = random.between(0.8, 1.4) * exp(-2.2 * faintness);
  let phase = random.unit();
  for (let index = 0; index < length; index += 1) {
    const at = index / length;
    const octaves = tuneAt(tune, at, span, turn, wobbleStart + wobbles * at) + crooked * (at - 0.5) * 2;

    phase += exp(centre + octaves * 0.6931471805599453) / soundRate;
    const value = sinTurns(phase) + whistler.overtone * sinTurns(2 * phase);
    sound[start + index] = (sound[start + index] as number) + loudness * loudnessAt(tune, at, faintness) * value;
  }
}

/** Octaves above the middle, `at` 0 to 1 of the tune. */
function tuneAt(tune: Tune, at: number, span: number, turn: number, wobble: number): number {
  const bend = at < turn ? at / turn : (1 - at) / (1 - turn); // 0 at the ends, 1 at the turn
  switch (tune) {
    case 'rise': return span * (at - 0.5);
    case 'fall': return span * (0.5 - at);
    case 'peak': return span * (bend - 0.5);
    case 'dip': return span * (0.5 - bend);
    case 'trill': return 0.3 * span * sinTurns(wobble);
    default: return 0;
  }
}

function loudnessAt(tune: Tune, at: number, faintness: number): number {
  const ends = Math.min(1, at * 12, (1 - at) * 12);
  if (tune !== 'twice') return ends;
  const gap = 0.13 * (1 - 0.6 * faintness);
  const away = Math.abs(at - 0.5);
  return away < gap ? 0.25 * faintness : Math.min(ends, (away - gap) * 12);
}
