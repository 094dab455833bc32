// Sine, exponential and logarithm from additions and multiplications alone, which every host rounds alike: its own Math.sin, exp and log
// may differ in the last bit, and then so would the examples' rows, their features and in the end their plans.

const ln2 = 0.6931471805599453;
const bits = new DataView(new ArrayBuffer(8));

/** Sine of `turns` whole turns (2 pi each); within 2e-9 of the true value. */
export function sinTurns(turns: number): number {
  let t = turns - Math.floor(turns); // [0, 1)
  if (t > 0.75) t -= 1;
  else if (t > 0.25) t = 0.5 - t; // the same sine within a quarter turn of 0
  const x = t * 6.283185307179586;
  const s = x * x;
  return x * (1 + s * (-1 / 6 + s * (1 / 120 + s * (-1 / 5040 + s * (1 / 362880 + s * (-1 / 39916800 + s / 6227020800))))));
}

export function cosTurns(turns: number): number {
  return sinTurns(turns + 0.25);
}

/** e to the power of x, for x from -700 to 700; relative error below 1e-11. */
export function exp(x: number): number {
  const power = Math.floor(x / ln2 + 0.5);
  const r = x - power * ln2; // within half of ln 2
  const tail = 1 / 720 + r * (1 / 5040 + r * (1 / 40320 + r * (1 / 362880 + r / 3628800)));
  const sum = 1 + r * (1 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * (1 / 120 + r * tail)))));
  bits.setUint32(0, (power + 1023) << 20);
  bits.setUint32(4, 0);
  return sum * bits.getFloat64(0);
}

/** Natural logarithm of a normal positive number; absolute error below 1e-12. */
export function log(x: number): number {
  bits.setFloat64(0, x);
  const high = bits.getUint32(0);
  let power = (high >>> 20) - 1023;
  bits.setUint32(0, (high & 0xfffff) | (1023 << 20));
  let m = bits.getFloat64(0); // [1, 2)
  if (m > 1.4142135623730951) {
    m /= 2;
    power += 1;
  }
  const q = (m - 1) / (m + 1);
  const s = q * q;
  let sum = 0;
  for (let n = 17; n >= 1; n -= 2) sum = sum * s + 1 / n;
  return power * ln2 + 2 * q * sum;
}
