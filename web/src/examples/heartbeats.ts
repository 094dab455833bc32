// Electrocardiogram-like signals, synthetic: windows of two seconds around each beat of a made-up patient's record.
// Not made from, and not for, any real patient. Difficulty is graded: quiet records and noisy ones, beats that come plainly or barely too early.
import { exp, sinTurns } from './portable_math.js';
import type { Random } from './random.js';
import type { GroupRows, SyntheticTask } from './synthetic.js';

export const heartbeatLabels = ['normal', 'early atrial', 'early ventricular', 'fusion'] as const;
type Beat = (typeof heartbeatLabels)[number];

export const heartRate = 128; // samples a second
export const heartWindow = 256;

/** A bump: `height` in mV at `at` seconds from the beat's main spike, `width` seconds to where it has fallen to e^-0.5. */
interface Wave {
  height: number;
  at: number;
  width: number;
}

interface Patient {
  secondsPerBeat: number;
  atrial: Wave;
  narrow: Wave[];
  wide: Wave[];
  /** mV of muscle noise, hum of the mains, and drift. */
  noise: number;
  hum: number;
  drift: number;
  earlyShare: number;
}

export const heartbeats: SyntheticTask = {
  name: 'heartbeats', seed: 0xec6, sampleShape: [heartWindow], labels: heartbeatLabels, rowsPerGroup: 40,
  preprocess: [{ op: 'standardize', epsilon: 0.01 }, { op: 'reshape', shape: [-1, 1, heartWindow] }],
  makeGroup(random, rows) {
    const { signal, beats } = makeRecord(random, makePatient(random), rows);
    const made: GroupRows = { samples: [], classes: [] };
    for (const { at, beat } of beats) {
      const start = at - heartWindow / 2;
      made.samples.push(signal.slice(start, start + heartWindow));
      made.classes.push(heartbeatLabels.indexOf(beat));
    }
    return made;
  },
};

export function makePatient(random: Random): Patient {
  const spike = random.between(0.8, 1.8);
  const lean = random.chance(0.5) ? 1 : -1;
  const late = random.between(0.22, 0.3);
  return {
    secondsPerBeat: random.between(0.62, 1.05),
    atrial: { height: random.between(0.08, 0.25), at: -random.between(0.13, 0.19), width: random.between(0.016, 0.03) },
    narrow: [
      { height: -random.between(0.02, 0.2) * spike, at: -0.03, width: 0.009 },
      { height: spike, at: 0, width: random.between(0.01, 0.016) },
      { height: -random.between(0.05, 0.4) * spike, at: 0.032, width: 0.011 },
      { height: random.between(0.12, 0.45), at: late, width: random.between(0.04, 0.06) },
    ],
    wide: [
      { height: lean * spike * random.between(0.8, 1.4), at: -0.01, width: random.between(0.03, 0.045) },
      { height: -lean * spike * random.between(0.2, 0.7), at: 0.075, width: random.between(0.03, 0.045) },
      { height: -lean * random.between(0.2, 0.55), at: late + 0.05, width: random.between(0.055, 0.075) },
    ],
    noise: 0.02 + 0.16 * random.unit() ** 2, hum: 0.08 * random.unit() ** 3, drift: random.between(0.05, 0.6), earlyShare: random.between(0.25, 0.55),
  };
}

interface PlacedBeat {
  /** Sample of the main spike. */
  at: number;
  beat: Beat;
}

/** A record of `count` beats that have a whole window each; the first and the last are followed and led by others that are not counted. */
export function makeRecord(random: Random, patient: Patient, count: number): { signal: Float32Array; beats: PlacedBeat[] } {
  const placed: PlacedBeat[] = [];
  const drawn: (() => void)[] = [];
  const signal: number[] = [];
  const add = (wave: Wave, at: number, share: number): void => addWave(signal, wave, at, share);
  let seconds = 0.5;
  for (let index = 0; index < count + 6; index += 1) {
    const beat = index % 2 === 0 || !random.chance(1.6 * patient.earlyShare) ? 'normal' : drawBeat(random);
    const early = beat === 'early atrial' || beat === 'early ventricular';
    const usual = patient.secondsPerBeat * (1 + 0.035 * random.normal());
    const gap = early ? usual * (0.62 + 0.26 * random.unit() ** 2) : usual;
    seconds += gap;
    const at = seconds;
    const blend = beat === 'early ventricular' ? 1 : beat === 'fusion' ? random.between(0.25, 0.7) : 0;
    const atrialShare = beat === 'early ventricular' ? 0 : beat === 'early atrial' ? random.between(0.3, 0.9) : 1;
    const atrialShift = beat === 'early atrial' ? random.between(-0.03, 0.035) : 0;
    drawn.push(() => {
      add({ ...patient.atrial, at: patient.atrial.at + atrialShift }, at, atrialShare * (1 - 0.5 * blend));
      const stretch = 1 + 0.06 * random.normal();
      for (const wave of patient.narrow) add(wave, at, (1 - blend) * stretch);
      for (const wave of patient.wide) add(wave, at, blend * stretch);
    });
    if (index >= 3 && index < count + 3) placed.push({ at: Math.floor(at * heartRate + 0.5), beat });
    // After a ventricular beat the heart waits for the next one that was due anyway.
    if (beat === 'early ventricular') seconds += (usual - gap) * random.between(0.7, 1.1);
  }
  const length = Math.ceil((seconds + 3) * heartRate);
  for (let index = 0; index < length; index += 1) signal.push(0);
  for (const draw of drawn) draw();
  return { signal: withNoise(random, signal, patient), beats: placed };
}

function drawBeat(random: Random): Beat {
  const drawn = random.unit();
  return drawn < 0.4 ? 'early atrial' : drawn < 0.8 ? 'early ventricular' : 'fusion';
}

function addWave(signal: number[], { height, at, width }: Wave, seconds: number, share: number): void {
  const centre = (seconds + at) * heartRate;
  const reach = width * heartRate * 4;
  for (let index = Math.max(0, Math.ceil(centre - reach)); index < Math.min(signal.length, centre + reach); index += 1) {
    const away = (index - centre) / (width * heartRate);
    signal[index] = (signal[index] as number) + share * height * exp(-0.5 * away * away);
  }
}

/** mV to mV as an electrode sees it: muscle noise that swells and fades, mains hum and a wandering baseline. */
function withNoise(random: Random, signal: readonly number[], { noise, hum, drift }: Patient): Float32Array {
  const starts = [random.unit(), random.unit(), random.unit(), random.unit()] as const;
  let swell = 1;
  let aim = 1;
  return Float32Array.from(signal, (value, index) => {
    const seconds = index / heartRate;
    if (index % heartRate === 0) aim = random.chance(0.12) ? random.between(2, 4) : random.between(0.3, 1.2);
    swell += 0.03 * (aim - swell);
    const wander = drift * (0.6 * sinTurns(starts[0] + 0.21 * seconds) + 0.4 * sinTurns(starts[1] + 0.47 * seconds));
    return value + noise * swell * random.normal() + hum * sinTurns(starts[2] + 50 * seconds) + wander;
  });
}
