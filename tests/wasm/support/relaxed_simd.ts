// Node 20 hides relaxed SIMD behind a flag, which later versions no longer know.
import { detectFeatures } from '@offramp/engine';

export function relaxedSimdFlags(): string[] {
  return detectFeatures().relaxedSimd ? [] : ['--experimental-wasm-relaxed-simd'];
}
