// The bundled examples: what the page says of each.

export interface Example {
  id: ExampleId;
  title: string;
  /** What the model tells apart, in one sentence. */
  about: string;
  /** Where the samples come from, plainly. */
  origin: string;
  synthetic: boolean;
}

const exampleIds = ['fashion', 'whistles', 'heartbeats'] as const;
export type ExampleId = (typeof exampleIds)[number];

export const examples: readonly Example[] = [
  {
    id: 'fashion', title: 'Garments', about: 'Small grey pictures of clothes, ten kinds from T-shirt to ankle boot.',
    origin: 'Real pictures: part of Fashion-MNIST by Zalando, under the MIT licence.', synthetic: false,
  },
  {
    id: 'whistles', title: 'Whistled commands', about: 'One second of sound: which of seven short tunes was whistled, or none. The model works like a keyword spotter.',
    origin: 'Synthetic sounds: this page makes them itself, clear ones and faint ones, in noise. Nobody was recorded.', synthetic: true,
  },
  {
    id: 'heartbeats', title: 'Heartbeats', about: 'Two seconds of an ECG around each beat: normal, early from the atria, early from the ventricles, or a fusion of two.',
    origin: 'Synthetic signals: this page makes them itself, with noise and drift. No patient was recorded, and the model is not for medical use.',
    synthetic: true,
  },
];
