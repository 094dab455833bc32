// A package as one ONNX file of nested If nodes. What follows an exit stands in the else branch, so it runs only if the exit's answer
// does not stand. If takes one decision, so the file is of batch 1.
import { OfframpError } from '../errors.js';
import { GraphWriter, Names } from './graph_writer.js';
import { graphAttribute, integerAttribute, tensorAttribute, tensorOf, valueOf, type OnnxModel, type OnnxValue } from './onnx_proto.js';
import { addScore, type Scored } from './score_operators.js';
import type { PackageDescription, StageModel, StageSet } from './stage_models.js';

/** Protobuf readers give up at 100 messages within each other; an If takes three, and what stands within it up to eight. */
const mostExits = 30;
const answerParts = ['class', 'probabilities', 'exit', 'score'] as const;
type AnswerPart = (typeof answerParts)[number];
type AnswerNames = Record<AnswerPart, string>;

/**
 * Shapes: the model's input [1, ...] -> class i64 [1], probabilities f32 [1, classes], exit i64 [1], which is the number of the stage
 * that answered, and score f32 [1]. The inputs threshold_K have defaults. Errors: unsupported for more than 30 exits.
 */
export function ifOnnx(set: StageSet, description: PackageDescription): Omit<OnnxModel, 'metadata'> {
  const count = set.stages.filter(({ exit }) => exit !== undefined).length;
  if (count > mostExits) throw new OfframpError('unsupported', `${count} exits; at most ${mostExits} If nodes stand within each other in what ONNX readers take`);
  return { irVersion: set.irVersion, opsets: set.opsets, graph: new IfGraph(set.stages, description).build() };
}

class IfGraph {
  private readonly names = new Names();
  private readonly main = new GraphWriter(this.names, '');
  private readonly input: string;
  private readonly answer: AnswerNames;
  private readonly thresholds: OnnxValue[] = [];

  constructor(private readonly stages: readonly StageModel[], private readonly description: PackageDescription) {
    this.input = this.names.value(description.input);
    this.answer = this.answerNames('');
  }

  build(): OnnxModel['graph'] {
    this.append(this.main, 0, this.input, this.answer);
    const shape = this.description.plan.stages[0]?.inputShape ?? [];
    return this.main.graph('early_exit', [valueOf(this.input, 'f32', [1, ...shape]), ...this.thresholds], this.answerValues(this.answer));
  }

  /** Stages from `from` to the next exit, and the choice between its answer and the rest. */
  private append(into: GraphWriter, from: number, input: string, answer: AnswerNames): void {
    let at = input;
    for (const stage of this.stages.slice(from)) {
      into.prefix = `stage_${stage.stage}/`;
      const names = into.append(stage.graph, new Map([[stage.input, at]]));
      const boundary = names.get(stage.boundary ?? '');
      const logits = names.get(stage.logits ?? '') ?? '';
      at = boundary ?? '';
      into.prefix = `exit_${stage.stage}/`;
      if (stage.boundary === undefined) {
        const scored = addScore(into, logits, { score: 'max_probability', temperature: 1 }, this.description.classes);
        this.addAnswer(into, stage.stage, logits, scored, answer);
        return;
      }
      if (stage.exit === undefined) continue;
      const scored = addScore(into, logits, stage.exit, this.description.classes);
      this.addChoice(into, { ...stage, exit: stage.exit }, { logits, boundary: at, scored }, answer);
      return;
    }
  }

  private addChoice(
    into: GraphWriter, { stage, exit }: { stage: number; exit: { threshold: number } },
    { logits, boundary, scored }: { logits: string; boundary: string; scored: Scored }, answer: AnswerNames,
  ): void {
    const threshold = this.names.value(`threshold_${stage}`);
    this.thresholds.push(valueOf(threshold, 'f32', []));
    this.main.initializers.push(tensorOf(threshold, Float32Array.of(exit.threshold), []));
    const score = into.add('Squeeze', [scored.score, into.integers('both_axes', [0, 1])], 'score');
    const stands = into.add('GreaterOrEqual', [score, threshold], 'stands');
    const branch = (kind: string, fill: (inner: GraphWriter, names: AnswerNames) => void): ReturnType<typeof graphAttribute> => {
      const inner = new GraphWriter(this.names, `exit_${stage}/${kind}/`);
      const names = this.answerNames(inner.prefix);
      fill(inner, names);
      return graphAttribute(`${kind}_branch`, inner.graph(`exit_${stage}_${kind}`, [], this.answerValues(names)));
    };
    into.nodes.push({
      name: this.names.node(`exit_${stage}/if`), op: 'If', domain: '', inputs: [stands], outputs: answerParts.map((part) => answer[part]),
      attributes: [
        branch('else', (inner, names) => this.append(inner, stage + 1, boundary, names)),
        branch('then', (inner, names) => this.addAnswer(inner, stage, logits, scored, names)),
      ],
    });
  }

  private addAnswer(into: GraphWriter, stage: number, logits: string, { probabilities, score }: Scored, names: AnswerNames): void {
    into.add('ArgMax', [logits], 'answer_class', { as: names.class, attributes: [integerAttribute('axis', 1), integerAttribute('keepdims', 0)] });
    into.add('Identity', [probabilities], 'answer_probabilities', { as: names.probabilities });
    into.add('Constant', [], 'answer_exit', { as: names.exit, attributes: [tensorAttribute('value', tensorOf('', BigInt64Array.of(BigInt(stage)), [1]))] });
    into.add('Squeeze', [score, into.integers('class_axis', [1])], 'answer_score', { as: names.score });
  }

  private answerNames(prefix: string): AnswerNames {
    return Object.fromEntries(answerParts.map((part) => [part, this.names.value(prefix + part)])) as AnswerNames;
  }

  private answerValues(names: AnswerNames): OnnxValue[] {
    return [
      valueOf(names.class, 'i64', [1]), valueOf(names.probabilities, 'f32', [1, this.description.classes]), valueOf(names.exit, 'i64', [1]), valueOf(names.score, 'f32', [1]),
    ];
  }
}
