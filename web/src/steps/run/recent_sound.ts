// The last second of a microphone, at the rate that the features are made for. It is polled, which needs no script in the audio thread.
import { soundLength, soundRate } from '../../examples/log_mel.js';
import { Random } from '../../examples/random.js';

const analysed = 32_768; // the longest that an AnalyserNode remembers
const loudest = 1.2; // of the sounds that the model learnt from
const mostGain = 30;
const hiss = 0.03; // added, because no room that the model knows is perfectly silent

export class RecentSound {
  private readonly context = new AudioContext();
  private readonly analyser = new AnalyserNode(this.context, { fftSize: analysed });
  private readonly latest = new Float32Array(analysed);
  private readonly kept = new Float32Array(soundLength);
  private readonly random = new Random(1);
  private filled = 0;
  private takenAt: number;

  constructor(stream: MediaStream) {
    this.context.createMediaStreamSource(stream).connect(this.analyser);
    this.takenAt = this.context.currentTime;
  }

  /** As loud as the model is used to; undefined until a second has passed. */
  take(): Float32Array | undefined {
    const now = this.context.currentTime;
    const perSample = this.context.sampleRate / soundRate;
    const fresh = Math.min(Math.floor((now - this.takenAt) * soundRate), Math.floor(analysed / perSample), soundLength);
    this.takenAt += fresh / soundRate;
    this.analyser.getFloatTimeDomainData(this.latest);
    this.kept.copyWithin(0, fresh);
    for (let index = 0; index < fresh; index += 1) this.kept[soundLength - fresh + index] = this.meanAt(analysed - (fresh - index) * perSample, perSample);
    this.filled = Math.min(soundLength, this.filled + fresh);
    if (this.filled < soundLength) return undefined;
    const peak = this.kept.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const gain = Math.min(mostGain, loudest / Math.max(1e-6, peak));
    return this.kept.map((value) => value * gain + hiss * this.random.normal());
  }

  /** Averaging over what becomes one sample keeps most of what is too high to be shown away. */
  private meanAt(start: number, length: number): number {
    const first = Math.max(0, Math.floor(start));
    const last = Math.min(analysed, Math.max(first + 1, Math.floor(start + length)));
    let sum = 0;
    for (let index = first; index < last; index += 1) sum += this.latest[index] ?? 0;
    return sum / (last - first);
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
