// Probabilities and scores in ONNX's operators, as core/heads/outcomes.cpp defines them. Every operator here is the same in opsets 13 to 21.
import type { GraphWriter } from './graph_writer.js';
import { integerAttribute } from './onnx_proto.js';
import type { ExitRule } from './stage_models.js';

export interface Scored {
  /** f32 [N, classes] */
  probabilities: string;
  /** f32 [N, 1] */
  score: string;
}

const axis = (value: number): { attributes: ReturnType<typeof integerAttribute>[] } => ({ attributes: [integerAttribute('axis', value)] });

/** Shapes: logits f32 [N, classes]. Precondition: at least two classes. */
export function addScore(into: GraphWriter, logits: string, { score, temperature, gate }: Omit<ExitRule, 'threshold'>, classes: number): Scored {
  const scaled = temperature === 1 ? logits : into.add('Mul', [logits, into.scalar('inverse_temperature', 1 / temperature)], 'scaled_logits');
  const probabilities = into.add('Softmax', [scaled], 'probabilities', axis(1));
  const top = topTwo(into, probabilities);
  const zero = into.scalar('zero', 0);
  const one = into.scalar('one', 1);
  const clipped = (value: string, name: string): string => into.add('Clip', [value, zero, one], name);
  const largest = (): string => clipped(top(0), 'max_probability');
  const margin = (): string => clipped(into.add('Sub', [top(0), top(1)], 'difference'), 'margin');
  const certainty = (): string => clipped(entropyScore(into, scaled, probabilities, one, classes), 'certainty');
  switch (score) {
    case 'max_probability': return { probabilities, score: largest() };
    case 'margin': return { probabilities, score: margin() };
    case 'entropy': return { probabilities, score: certainty() };
    case 'gate': {
      const [constant = 0, ...weights] = gate ?? [];
      const all = into.add('Concat', [largest(), margin(), certainty()], 'scores', axis(1));
      const w = into.constant('gate_weights', Float32Array.from(weights), [weights.length, 1]);
      const z = into.add('Gemm', [all, w, into.constant('gate_constant', Float32Array.of(constant), [1])], 'gate_sum');
      return { probabilities, score: into.add('Sigmoid', [z], 'gate') };
    }
  }
}

/** The largest and the second largest of each row, f32 [N, 1]; equal ones count twice. */
function topTwo(into: GraphWriter, probabilities: string): (place: 0 | 1) => string {
  const both = into.add('TopK', [probabilities, into.integers('two', [2])], 'largest', { ...axis(1), more: ['largest_at'] });
  const taken = new Map<number, string>();
  return (place) => {
    const name = taken.get(place) ?? into.add('Gather', [both, into.integers(`place_${place}`, [place])], `largest_${place}`, axis(1));
    taken.set(place, name);
    return name;
  };
}

/** 1 + sum(p log p) / log(classes). log p comes from the logits, since p may be too small for f32. */
function entropyScore(into: GraphWriter, scaled: string, probabilities: string, one: string, classes: number): string {
  const logs = into.add('LogSoftmax', [scaled], 'log_probabilities', axis(1));
  const terms = into.add('Mul', [probabilities, logs], 'entropy_terms');
  const sum = into.add('ReduceSum', [terms, into.integers('class_axis', [1])], 'entropy_sum', { attributes: [integerAttribute('keepdims', 1)] });
  const share = into.add('Mul', [sum, into.scalar('inverse_log_classes', 1 / Math.log(classes))], 'entropy_share');
  return into.add('Add', [share, one], 'one_less_entropy');
}
