// The six steps in order, with one sentence for each that a newcomer understands.

export const stepIds = ['model', 'data', 'targets', 'search', 'plan', 'run'] as const;
export type StepId = (typeof stepIds)[number];

export interface StepText {
  title: string;
  /** Beneath the step's heading. */
  lead: string;
}

export const steps: Record<StepId, StepText> = {
  model: { title: 'Model', lead: 'Pick a trained classifier. Everything happens in this browser; nothing is uploaded.' },
  data: { title: 'Data', lead: 'Give labelled samples, so that Offramp can learn which inputs are easy and check what early answers cost.' },
  targets: { title: 'Targets', lead: 'Say where it shall run: on one device, or on several that hand hard inputs on.' },
  search: { title: 'Search', lead: 'Offramp trains small heads inside the network and finds the exits that save most.' },
  plan: { title: 'Plan', lead: 'Choose how much accuracy to trade for speed, and see what follows.' },
  run: { title: 'Run', lead: 'Try it: every answer shows the exit it left by and what it saved.' },
};
