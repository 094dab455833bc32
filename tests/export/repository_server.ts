// A model server as Triton is one, of an exported repository alone: metadata from config.pbtxt, inference by ONNX Runtime.
import { Tensor as OnnxTensor, type InferenceSession } from 'onnxruntime-node';
import { decodeTensors, encodeMessage, headerLengthName, splitMessage, type Datatype, type Fetch, type Tensor } from '@offramp/oip';
import type { PackageFile } from '@offramp/engine';
import { openSession } from './onnx_runtime.js';
import { parseText, type TextMessage } from './text_format.js';

export interface ConfiguredTensor {
  name: string;
  datatype: string;
  dims: number[];
}
export interface Configuration {
  name: string;
  platform: string;
  maxBatchSize: number;
  inputs: ConfiguredTensor[];
  outputs: ConfiguredTensor[];
  message: TextMessage;
}

export function readConfiguration(bytes: Uint8Array): Configuration {
  const message = parseText(new TextDecoder().decode(bytes));
  const tensors = (list: TextMessage[string] = []): ConfiguredTensor[] => (list as TextMessage[]).map((tensor) => ({
    name: String(tensor['name']?.[0]), datatype: (tensor['data_type']?.[0] as { literal: string }).literal.replace('TYPE_', ''), dims: (tensor['dims'] ?? []).map(Number),
  }));
  return {
    name: String(message['name']?.[0]), platform: String(message['platform']?.[0]), maxBatchSize: Number(message['max_batch_size']?.[0]),
    inputs: tensors(message['input']), outputs: tensors(message['output']), message,
  };
}

const onnxTypes: Partial<Record<string, 'float32' | 'float16' | 'uint8' | 'int32'>> = { FP32: 'float32', FP16: 'float16', UINT8: 'uint8', INT32: 'int32' };

/** Answers as that server would; `asked` gets the names of the models that inferred. */
export function repositoryFetch(files: readonly PackageFile[], asked: string[]): Fetch {
  const sessions = new Map<string, Promise<InferenceSession>>();
  const fileOf = (name: string): Uint8Array | undefined => files.find((file) => file.name === name)?.bytes;
  const infer = async (model: string, request: Request): Promise<Response> => {
    asked.push(model);
    const opened = sessions.get(model) ?? openSession(fileOf(`${model}/1/model.onnx`) ?? new Uint8Array(0));
    sessions.set(model, opened);
    const session = await opened;
    const { header, tail } = splitMessage(new Uint8Array(await request.arrayBuffer()), request.headers.get(headerLengthName));
    const feeds = Object.fromEntries(decodeTensors(header, 'inputs', tail).map(({ name, datatype, shape, data }) =>
      [name, new OnnxTensor(onnxTypes[datatype] ?? 'float32', data as Float32Array, shape)]));
    const outputs = await session.run(feeds);
    const tensors = session.outputNames.map((name): Tensor => ({ name, datatype: 'FP32', shape: [...outputs[name]?.dims ?? []], data: outputs[name]?.data as Float32Array }));
    const { body, headerLength } = encodeMessage({ model_name: model, model_version: '1' }, 'outputs', tensors, () => true);
    return new Response(body.slice(), { headers: { 'content-type': 'application/octet-stream', [headerLengthName]: String(headerLength) } });
  };
  return async (url, init) => {
    const path = new URL(url).pathname;
    if (path === '/v2') return Response.json({ name: 'triton', version: '2', extensions: ['binary_tensor_data'] });
    const [, model = '', action] = /^\/v2\/models\/([^/]+)(?:\/(infer))?$/.exec(path) ?? [];
    const config = fileOf(`${model}/config.pbtxt`);
    if (config === undefined) return Response.json({ error: `unknown model ${model}` }, { status: 404 });
    if (action === 'infer') return infer(model, new Request(url, init));
    const { platform, inputs, outputs } = readConfiguration(config);
    const row = ({ name, datatype, dims }: ConfiguredTensor): object => ({ name, datatype: datatype as Datatype, shape: [-1, ...dims] });
    return Response.json({ name: model, versions: ['1'], platform, inputs: inputs.map(row), outputs: outputs.map(row) });
  };
}
