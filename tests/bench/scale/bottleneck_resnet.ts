// Residual networks of bottleneck blocks for small pictures, as ONNX with batch norm folded: He's weights, the last convolution
// of each block scaled down so that values stay of order one through the depth.
// Source: He et al. 2016, "Deep Residual Learning"; the stem for 32x32 is that of its section 4.2.
import type { OnnxModel, OnnxNode, OnnxTensor } from './onnx_writer.js';
import { Random } from './random.js';

export interface BottleneckShape {
  /** Blocks by stage; width doubles and the map's sides halve from stage to stage. */
  blocks: readonly number[];
  width: number;
  side: number;
  classes: number;
}

export const resnet152: BottleneckShape = { blocks: [3, 8, 36, 3], width: 64, side: 32, classes: 10 };

const expansion = 4;
const lastScale = 0.2;
const opset = 13;

/** What the classifier sees: means over the last maps. */
export const featureCount = ({ blocks, width }: BottleneckShape): number => (width << (blocks.length - 1)) * expansion;

export interface Classifier {
  /** [classes, features] */
  weight: Float32Array;
  bias: Float32Array;
}

/** Without a classifier the model ends with its features [N, features]. Input: "input" [N, 3, side, side]. */
export function bottleneckResnet(shape: BottleneckShape, seed: number, classifier?: Classifier): OnnxModel {
  const random = new Random(seed);
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const constant = (name: string, dims: readonly number[], values: Float32Array): string => {
    initializers.push({ name, dims, values });
    return name;
  };
  const add = (op: string, inputs: readonly string[], output: string, attributes?: OnnxNode['attributes']): string => {
    nodes.push({ op, inputs, output, ...(attributes ? { attributes } : {}) });
    return output;
  };
  const conv = (x: string, name: string, from: number, to: number, kernel: number, stride = 1, scale = 1): string => {
    const pad = kernel >> 1;
    const deviation = scale * Math.sqrt(2 / (from * kernel * kernel));
    const weight = constant(`${name}.weight`, [to, from, kernel, kernel], random.normals(to * from * kernel * kernel, deviation));
    const bias = constant(`${name}.bias`, [to], random.normals(to, 0.01));
    return add('Conv', [x, weight, bias], name, { kernel_shape: [kernel, kernel], strides: [stride, stride], pads: [pad, pad, pad, pad] });
  };
  let x = add('Relu', [conv('input', 'stem', 3, shape.width, 3)], 'stem.relu');
  let channels = shape.width;
  shape.blocks.forEach((count, stage) => {
    const width = shape.width << stage;
    for (let block = 0; block < count; block += 1) {
      const name = `layer${stage + 1}.${block}`;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const a = add('Relu', [conv(x, `${name}.conv1`, channels, width, 1)], `${name}.relu1`);
      const b = add('Relu', [conv(a, `${name}.conv2`, width, width, 3, stride)], `${name}.relu2`);
      const c = conv(b, `${name}.conv3`, width, width * expansion, 1, 1, lastScale);
      const shortcut = block === 0 ? conv(x, `${name}.shortcut`, channels, width * expansion, 1, stride) : x;
      channels = width * expansion;
      x = add('Relu', [add('Add', [c, shortcut], `${name}.add`)], `${name}.relu`);
    }
  });
  x = add('Flatten', [add('GlobalAveragePool', [x], 'pool')], 'features', { axis: 1 });
  if (classifier !== undefined) {
    const weight = constant('fc.weight', [shape.classes, channels], classifier.weight);
    x = add('Gemm', [x, weight, constant('fc.bias', [shape.classes], classifier.bias)], 'logits', { transB: 1 });
  }
  return {
    name: 'bottleneck_resnet', opset, nodes, initializers, input: { name: 'input', dims: [3, shape.side, shape.side] },
    output: { name: x, dims: [classifier === undefined ? channels : shape.classes] },
  };
}
