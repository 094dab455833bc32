// A package as one ONNX file that runs everything and gives the logits of every exit: to look at exits, or to choose other thresholds.
import { GraphWriter, Names } from './graph_writer.js';
import type { OnnxModel, OnnxValue } from './onnx_proto.js';
import type { PackageDescription, StageSet } from './stage_models.js';

/** Shapes: the model's input [N, ...] -> logits_K f32 [N, classes] of every stage K with an exit, and of the last, which are the model's own. */
export function allExits({ irVersion, opsets, stages }: StageSet, description: PackageDescription): Omit<OnnxModel, 'metadata'> {
  const names = new Names();
  const into = new GraphWriter(names, '');
  const input = names.value(description.input);
  const outputs: OnnxValue[] = [];
  let at = input;
  for (const { stage, graph, input: from, logits, boundary } of stages) {
    into.prefix = `stage_${stage}/`;
    const known = new Map([[from, at]]);
    if (logits !== undefined) {
      const output = names.value(`logits_${stage}`);
      known.set(logits, output);
      outputs.push({ name: output, type: graph.outputs.find(({ name }) => name === logits)?.type ?? [] });
    }
    at = into.append(graph, known).get(boundary ?? '') ?? '';
  }
  return { irVersion, opsets, graph: into.graph('all_exits', [{ name: input, type: stages[0]?.graph.inputs[0]?.type ?? [] }], outputs) };
}
