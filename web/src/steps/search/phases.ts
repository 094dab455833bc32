// The steps of a search in words, in the order in which they are made.
import type { StepProgress } from '@offramp/engine';

type Phase = 'extract' | Exclude<StepProgress['phase'], 'finished'> | 'measure';

export interface PhaseText {
  name: string;
  title: string;
  /** What happens, in a sentence. */
  text: string;
}

const texts: Record<Phase, Omit<PhaseText, 'name'>> = {
  extract: { title: 'Run the model on every sample', text: 'What the network knows at each exit point is kept, for each sample once.' },
  screen: { title: 'Grade every exit point', text: 'A quick head at each place shows where early answers are worth while.' },
  qualify: { title: 'Try kinds of heads', text: 'Several kinds are trained briefly at the promising places.' },
  rank: { title: 'Rank them', text: 'Those that a plan would use go on.' },
  train: { title: 'Train the best heads', text: 'They learn from the samples, and from the model\'s own answers.' },
  pooled: { title: 'Train more on what was kept', text: 'Small heads go over the kept features many times, without the network.' },
  score: { title: 'Judge the heads', text: 'How often each is right, and how sure it is, on samples that it has not learnt from.' },
  paper: { title: 'Train the published method\'s heads', text: 'So that both can be compared on the same samples.' },
  search: { title: 'Choose exits and thresholds', text: 'All combinations, exactly.' },
  certify: { title: 'Certify', text: 'Bolder and bolder plans are tested until one fails.' },
  evaluate: { title: 'Judge the plan', text: 'On test samples that nothing was chosen on.' },
  measure: { title: 'Measure the time', text: 'Early exits and whole model by turns, on this device.' },
};
export const phaseTexts: readonly PhaseText[] = Object.entries(texts).map(([name, text]) => ({ name, ...text }));

/** About 75 s, about 4 min: as exact as an estimate is. */
export function aboutTime(seconds: number): string {
  if (seconds < 10) return 'a few seconds';
  if (seconds < 90) return `about ${5 * Math.round(seconds / 5)} s`;
  return `about ${Math.round(seconds / 60)} min`;
}
