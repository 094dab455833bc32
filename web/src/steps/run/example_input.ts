// Whether a package answers for one of the synthetic examples, whose live input this page can make or listen to.
import { heartbeatLabels, heartWindow } from '../../examples/heartbeats.js';
import { melBands, melFrames } from '../../examples/log_mel.js';
import { whistleLabels } from '../../examples/whistles.js';

export type ExampleInput = 'whistles' | 'heartbeats';

/** By its classes and the number of values of a sample; a package says no more of where it comes from. */
export function exampleInput(labels: readonly string[], dims: readonly number[]): ExampleInput | undefined {
  const values = dims.reduce((product, size) => product * size, 1);
  const same = (known: readonly string[]): boolean => known.length === labels.length && known.every((label, at) => label === labels[at]);
  if (values === heartWindow && same(heartbeatLabels)) return 'heartbeats';
  return values === melFrames * melBands && same(whistleLabels) ? 'whistles' : undefined;
}
