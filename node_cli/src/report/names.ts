// Words for what packages name in snake_case. Unknown names are shown as they are.

const kHeads: Record<string, string> = {
  linear_gap: 'linear, average pool',
  linear_gap_gmp: 'linear, average + max pool',
  mlp_gap_gmp: 'hidden layer, average + max pool',
  mlp_grid: 'hidden layer, grid pool',
};
const kScores: Record<string, string> = { max_probability: 'largest probability', margin: 'margin', entropy: '1 − entropy', gate: 'learned gate' };

const look = (names: Record<string, string>, name: string): string => (Object.hasOwn(names, name) ? names[name]! : name);

export const headName = (name: string): string => look(kHeads, name);
export const scoreName = (name: string): string => look(kScores, name);

/** Name of the colour of the i-th exit, in style.ts. */
export const exitColour = (i: number): string => `exit${i % 4}`;
export const headColour = (i: number): string => `head${i % 5}`;
