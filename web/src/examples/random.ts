// Seeded random numbers, the same on every host.

export class Random {
  private state: number;

  /** Different `stream`s of a seed are unrelated. */
  constructor(seed: number, stream = 0) {
    this.state = mix(mix(seed >>> 0) ^ Math.imul(stream + 1, 0x9e3779b9)) >>> 0;
  }

  /** [0, 1), in steps of 2^-32. */
  unit(): number {
    this.state = (this.state + 0x9e3779b9) >>> 0; // splitmix32
    return mix(this.state) / 4294967296;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** 0 to count - 1. */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  /** Of mean 0 and deviation 1, nearly normal: a sum of four uniform numbers, so it stays within 3.47. */
  normal(): number {
    return (this.unit() + this.unit() + this.unit() + this.unit() - 2) * 1.7320508075688772;
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
