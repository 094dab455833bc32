// TensorFlow.js with its WebAssembly backend: the layers of tests/bench/bare/network.h as tfjs-core's operations, in NHWC with
// fused activations, as its own converter would write them.
import type * as Tf from '@tensorflow/tfjs-core';
import { bareFactory, channelsLast, loadLayers, readLayers, type Layer, type Placed } from './bare_module.js';
import { NotCovered, type HostTools, type Prepare } from './engine.js';

type TensorFlow = typeof Tf;
type WasmBackend = { setWasmPaths(prefix: string): void; setThreadsCount(count: number): void };

const core = 'node_modules/@tensorflow/tfjs-core/dist';
const backend = 'node_modules/@tensorflow/tfjs-backend-wasm/dist';

export const prepareTfjs: Prepare = async (tools, { threads }, model, input) => {
  if (threads !== 1 && tools.kind === 'node') throw new NotCovered('its backend has no threads in Node');
  const bare = await (await bareFactory(tools, 1))();
  loadLayers(bare, model);
  const { layers: network, weights } = readLayers(bare);
  const { tf, wasm } = await loadTfjs(tools);
  const given = channelsLast(input.values, input.dims);
  return async () => {
    wasm.setThreadsCount(threads);
    await tf.setBackend('wasm');
    await tf.ready();
    checkBackend(tf, threads);
    const place = ({ at, dims }: Placed, shape = dims): Tf.Tensor => tf.tensor(weights.subarray(at, at + dims.reduce((a, b) => a * b, 1)), shape);
    const constants = new Map(network.constants.map(({ operand, value }) => [operand, place(value)]));
    const steps = network.layers.map((layer) => ({ inputs: layer.inputs, output: layer.output, apply: translate(tf, layer, network.dims[layer.inputs[0] as number] as number[], place) }));
    return () => tf.tidy(() => {
      const values = new Map(constants);
      values.set(network.input, tf.tensor(given, network.dims[network.input]));
      for (const { inputs, output, apply } of steps) values.set(output, apply(inputs.map((operand) => values.get(operand) as Tf.Tensor)));
      return (values.get(network.output) as Tf.Tensor).dataSync() as Float32Array;
    });
  };
};

async function loadTfjs(tools: HostTools): Promise<{ tf: TensorFlow; wasm: WasmBackend }> {
  if (tools.kind === 'node') {
    const tf = ((await import('@tensorflow/tfjs-core')) as unknown as { default: TensorFlow }).default;
    const wasm = ((await import('@tensorflow/tfjs-backend-wasm')) as unknown as { default: WasmBackend }).default;
    wasm.setWasmPaths(`${decodeURIComponent(new URL(tools.url(backend)).pathname)}/`);
    return { tf, wasm };
  }
  // Scripts that leave a global behind.
  await import(tools.url(`${core}/tf-core.min.js`));
  await import(tools.url(`${backend}/tf-backend-wasm.min.js`));
  const tf = (globalThis as unknown as { tf: TensorFlow & { wasm: WasmBackend } }).tf;
  tf.wasm.setWasmPaths(`${tools.url(backend)}/`);
  return { tf, wasm: tf.wasm };
}

/** Errors: without SIMD or the threads asked for, its times would say nothing. */
function checkBackend(tf: TensorFlow, threads: number): void {
  if (tf.env().getBool('WASM_HAS_SIMD_SUPPORT') !== true) throw new Error('TensorFlow.js found no SIMD');
  const threaded = tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT');
  if (threads > 1 && !threaded) throw new Error('TensorFlow.js found no threads');
}

type Place = (placed: Placed, shape?: number[]) => Tf.Tensor;
type Apply = (inputs: Tf.Tensor[]) => Tf.Tensor;

function translate(tf: TensorFlow, layer: Layer, dims: readonly number[], place: Place): Apply {
  const { kind, kernel, stride, dilation, numbers } = layer;
  const bias = layer.bias === null ? undefined : place(layer.bias);
  const activation = activationOf(layer);
  switch (kind) {
    case 'conv': {
      // [out, h, w, in] to [h, w, in, out]
      const filter = tf.transpose(place(layer.weights as Placed), [1, 2, 3, 0]) as Tf.Tensor4D;
      return ([x]) => tf.fused.conv2d({ x: x as Tf.Tensor4D, filter, strides: stride, dilations: dilation, pad: padding(layer), ...optional(bias, activation) });
    }
    case 'depthwise': {
      const weights = layer.weights as Placed;
      const channels = dims[3] as number;
      const filter = place(weights, [...kernel, channels, (weights.dims[3] as number) / channels]) as Tf.Tensor4D;
      const pad = padding(layer) as 'valid'; // its type is narrower than what it takes
      return ([x]) => tf.fused.depthwiseConv2d({ x: x as Tf.Tensor4D, filter, strides: stride, dilations: dilation, pad, ...optional(bias, activation) });
    }
    case 'max_pool': return ([x]) => tf.maxPool(x as Tf.Tensor4D, kernel, stride, padding(layer));
    case 'average_pool': return ([x]) => tf.avgPool(x as Tf.Tensor4D, kernel, stride, padding(layer));
    case 'mean': return ([x]) => tf.mean(x as Tf.Tensor, [1, 2], true);
    case 'dense': {
      const b = tf.transpose(place(layer.weights as Placed)) as Tf.Tensor2D;
      // Its products fuse nothing over more than two dimensions.
      return ([x]) => tf.reshape(tf.fused.matMul({ a: tf.reshape(x as Tf.Tensor, [-1, b.shape[0]]), b, ...optional(bias, activation) }), [...dims.slice(0, -1), b.shape[1]]);
    }
    case 'add': return ([x, y]) => clamped(tf, tf.add(x as Tf.Tensor, y as Tf.Tensor), layer);
    case 'multiply': return ([x, y]) => tf.mul(x as Tf.Tensor, y as Tf.Tensor);
    case 'clamp': return ([x]) => clamped(tf, x as Tf.Tensor, layer);
    case 'subsample': return ([x]) => tf.stridedSlice(x as Tf.Tensor, [0, 0, 0, 0], (x as Tf.Tensor).shape, [1, ...stride, 1]);
    case 'pad': {
      const rank = numbers.length / 2;
      const pads = numbers.slice(0, rank).map((before, axis): [number, number] => [before, numbers[rank + axis] as number]);
      return ([x]) => tf.pad(x as Tf.Tensor, pads);
    }
    case 'reshape': return ([x]) => tf.reshape(x as Tf.Tensor, numbers);
    case 'transpose': return ([x]) => tf.transpose(x as Tf.Tensor, numbers);
    case 'slice': return ([x]) => tf.slice(x as Tf.Tensor, numbers.slice(0, numbers.length / 2), numbers.slice(numbers.length / 2));
    case 'concat': return (inputs) => tf.concat(inputs, numbers[0]);
    case 'matmul': return ([x, y]) => tf.matMul(x as Tf.Tensor, y as Tf.Tensor);
    case 'softmax': return ([x]) => tf.softmax(x as Tf.Tensor);
    case 'gelu': return ([x]) => {
      const half = tf.mul(x as Tf.Tensor, 0.5);
      return tf.mul(half, tf.add(tf.erf(tf.mul(x as Tf.Tensor, Math.SQRT1_2)), 1));
    };
    case 'layer_norm': {
      const scale = place(layer.weights as Placed);
      return ([x]) => {
        const centred = tf.sub(x as Tf.Tensor, tf.mean(x as Tf.Tensor, -1, true));
        const variance = tf.mean(tf.square(centred), -1, true);
        return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, (numbers[0] as number) * 1e-9))), scale), bias as Tf.Tensor);
      };
    }
    default: throw new NotCovered(`no translation of ${kind}`);
  }
}

function optional(bias: Tf.Tensor | undefined, activation: 'relu' | 'relu6' | undefined): { bias?: Tf.Tensor; activation?: 'relu' | 'relu6' } {
  return { ...(bias === undefined ? {} : { bias }), ...(activation === undefined ? {} : { activation }) };
}

/** Errors: NotCovered for bounds that tfjs does not fuse. */
function activationOf({ kind, low, high }: Layer): 'relu' | 'relu6' | undefined {
  if (kind === 'clamp' || kind === 'add' || (low === null && high === null)) return undefined;
  if (low === 0 && high === null) return 'relu';
  if (low === 0 && high === 6) return 'relu6';
  throw new NotCovered(`an activation from ${low} to ${high}`);
}

function clamped(tf: TensorFlow, x: Tf.Tensor, { low, high }: Layer): Tf.Tensor {
  if (low === null && high === null) return x;
  if (low === 0 && high === null) return tf.relu(x);
  return tf.clipByValue(x, low ?? -Infinity, high ?? Infinity);
}

function padding({ pads }: Layer): 'valid' | [[number, number], [number, number], [number, number], [number, number]] {
  const [top, left, bottom, right] = pads;
  return pads.every((pad) => pad === 0) ? 'valid' : [[0, 0], [top, bottom], [left, right], [0, 0]];
}
