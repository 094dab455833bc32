// Whether the model does on these rows what a trained model does, and if not, the likely reason: another preprocessing would do
// better, or labels are numbered otherwise than the model's outputs.
import { nextTurn, sampleRows, throwIfAborted, toTypedArray, within, type Dataset, type Engine, type Json } from '@offramp/engine';

export interface BaseCheck {
  /** On `rows` rows. */
  accuracy: number;
  rows: number;
  /** What always answering the most frequent class would reach. */
  chance: number;
  /** False: hardly better than chance. */
  plausible: boolean;
  fix?: Fix;
}
export type Fix =
  | { kind: 'preprocess'; steps: Json[]; text: string; accuracy: number }
  /** By label, the class that it is for the model. */
  | { kind: 'labels'; order: number[]; text: string; accuracy: number };

const mostRows = 200;
const budgetMs = 4000; // for the rows of one way of preprocessing
const goodEnough = 0.9; // nothing better is looked for
const clearlyBetter = 0.05;

interface Tried {
  accuracy: number;
  rows: number;
  labels: readonly number[];
  answers: readonly number[];
}

/** Errors: as the evaluator's; cancelled. */
export async function checkBase(engine: Engine, model: Uint8Array, dataset: Dataset, steps: Json[], signal: AbortSignal): Promise<BaseCheck> {
  const rows = sampleRows(dataset, mostRows, 0);
  const base = await tryOn(engine, model, rows, steps, signal);
  const counts = new Map<number, number>();
  for (const label of rows.y) counts.set(label, (counts.get(label) ?? 0) + 1);
  const chance = Math.max(...counts.values()) / rows.y.length;
  const check: BaseCheck = { accuracy: base.accuracy, rows: base.rows, chance, plausible: base.accuracy > chance + clearlyBetter };
  if (base.accuracy >= goodEnough) return check;
  const fixes = [otherOrder(base), await betterSteps(engine, model, rows, steps, Math.max(base.accuracy, chance) + clearlyBetter, signal)];
  const fix = fixes.reduce((best, one) => ((one?.accuracy ?? 0) > (best?.accuracy ?? 0) ? one : best));
  return fix === undefined ? check : { ...check, fix };
}

async function tryOn(engine: Engine, model: Uint8Array, rows: Dataset, steps: Json[], signal: AbortSignal): Promise<Tried> {
  engine.useThreads(1); // single samples gain little from more
  const evaluator = engine.evaluatorFromModel(model, steps);
  engine.useThreads(engine.threads);
  try {
    within(`data ${rows.name}`, () => evaluator.setRows(rows.x, rows.y));
    const start = performance.now();
    let done = 0;
    for (; done < rows.y.length && (done < 20 || performance.now() - start < budgetMs); done += 1) {
      within(`data ${rows.name}`, () => evaluator.runBase(done));
      if (done % 16 === 15) {
        await nextTurn();
        throwIfAborted(signal);
      }
    }
    const answers = evaluator.answers().base.slice(0, done);
    const labels = [...rows.y.subarray(0, done)];
    return { labels, answers, rows: done, accuracy: answers.filter((answer, row) => answer === labels[row]).length / done };
  } finally {
    evaluator.dispose();
  }
}

/** The other common ways to bring values into a model's range, with the shape steps kept. */
function otherSteps(dataset: Dataset, steps: readonly Json[]): { steps: Json[]; text: string }[] {
  const isShape = (step: Json): boolean => ['transpose', 'reshape'].includes(String((step as { op?: string }).op));
  const shape = steps.filter(isShape);
  const axis = 1; // after the shape steps channels come first
  const channels = channelsOf(dataset, shape);
  const scale = { op: 'scale', by: 1 / 255 };
  const normalized = (mean: number[], std: number[]): Json[] => [scale, ...shape, { op: 'normalize', mean, std, axis }];
  const found: { steps: Json[]; text: string }[] = [
    { steps: [scale, ...shape], text: 'pixels scaled to 0..1' },
    { steps: [...shape], text: 'values as they are' },
    { steps: [{ op: 'scale', by: 1 / 127.5 }, ...shape, { op: 'normalize', mean: Array<number>(channels).fill(1), std: Array<number>(channels).fill(1), axis }], text: 'pixels scaled to -1..1' },
  ];
  if (channels === 3) {
    found.push({ steps: normalized([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), text: 'pixels normalised as for ImageNet' });
    found.push({ steps: normalized([0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]), text: 'pixels normalised as for CIFAR' });
  }
  if (channels === 1) {
    found.push({ steps: normalized([0.1307], [0.3081]), text: 'pixels normalised as for MNIST' });
    found.push({ steps: normalized([0.286], [0.353]), text: 'pixels normalised as for Fashion-MNIST' });
    found.push({ steps: normalized([0.5], [0.5]), text: 'pixels normalised with mean 0.5 and deviation 0.5' });
  }
  const [low, high] = rangeOf(dataset);
  if (low < 0 || high > 1) {
    const text = `values from ${Number(low.toPrecision(3))}..${Number(high.toPrecision(3))} stretched to 0..1`;
    found.push({ steps: [...shape, { op: 'normalize', mean: Array<number>(channels).fill(low), std: Array<number>(channels).fill(high - low), axis }], text });
  }
  // Last, since of equals the first is offered, and few pictures are prepared so.
  found.push({ steps: [...shape, { op: 'standardize', epsilon: 1e-6 }], text: 'each sample standardised to mean 0 and deviation 1' });
  const same = JSON.stringify(steps);
  return found.filter((one) => JSON.stringify(one.steps) !== same);
}

function rangeOf(dataset: Dataset): [number, number] {
  const values = toTypedArray(dataset.x) as ArrayLike<number>;
  let low = Infinity;
  let high = -Infinity;
  for (let at = 0; at < values.length; at += 1) {
    low = Math.min(low, values[at] as number);
    high = Math.max(high, values[at] as number);
  }
  return [low, high];
}

function channelsOf(dataset: Dataset, shape: readonly Json[]): number {
  const reshape = shape.map((step) => (step as { op?: string; shape?: number[] })).find(({ op }) => op === 'reshape')?.shape;
  if (reshape !== undefined && reshape.length >= 3) return reshape[1] ?? 1;
  const sample = dataset.x.dims.slice(1);
  return shape.length > 0 ? sample.at(-1) ?? 1 : sample[0] ?? 1;
}

async function betterSteps(engine: Engine, model: Uint8Array, rows: Dataset, steps: Json[], least: number, signal: AbortSignal): Promise<Fix | undefined> {
  let best: { steps: Json[]; text: string; accuracy: number } | undefined;
  for (const other of otherSteps(rows, steps)) {
    let tried: Tried;
    try {
      tried = await tryOn(engine, model, rows, other.steps, signal);
    } catch (thrown) {
      throwIfAborted(signal);
      continue; // steps that do not fit these samples
    }
    if (tried.accuracy > (best?.accuracy ?? least)) best = { ...other, accuracy: tried.accuracy };
  }
  return best && { kind: 'preprocess', ...best };
}

/** Each label's most frequent answer, where those are all different and mostly given: then only the numbering differs. */
function otherOrder({ labels, answers, accuracy }: Tried): Fix | undefined {
  const classes = Math.max(...labels, ...answers) + 1;
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  labels.forEach((label, row) => { (counts[label] as number[])[answers[row] as number]! += 1; });
  const order = counts.map((row) => row.indexOf(Math.max(...row)));
  if (new Set(order).size !== classes) return undefined;
  const right = counts.reduce((sum, row, label) => sum + (row[order[label] as number] as number), 0) / labels.length;
  if (right < 0.6 || right < accuracy + 0.2) return undefined;
  return { kind: 'labels', order, accuracy: right, text: 'labels renumbered in the order of the model\'s outputs' };
}
