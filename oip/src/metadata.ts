// What servers say about themselves and their models, checked.
import { protocolError } from './errors.js';
import { brief } from './tensors.js';
import { isRecord, parseBody, type JsonRecord } from './wire.js';

export interface ServerMetadata {
  name: string;
  version: string;
  extensions: readonly string[];
}

export interface TensorMetadata {
  name: string;
  datatype: string;
  /** -1 for any size. */
  shape: readonly number[];
}

export interface ModelMetadata {
  name: string;
  versions: readonly string[];
  platform: string;
  inputs: readonly TensorMetadata[];
  outputs: readonly TensorMetadata[];
  /** Not of the protocol: what a server adds. */
  parameters: JsonRecord;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] => (Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []);

/** Servers leave out much of it; what is there is taken. */
export function readServerMetadata(json: JsonRecord): ServerMetadata {
  return { name: textOf(json['name']), version: textOf(json['version']), extensions: texts(json['extensions']) };
}

/** Errors: protocol if inputs or outputs are not described. */
export function readModelMetadata(json: JsonRecord): ModelMetadata {
  return {
    name: textOf(json['name']), versions: texts(json['versions']), platform: textOf(json['platform']),
    inputs: readTensors(json['inputs'], 'inputs'), outputs: readTensors(json['outputs'], 'outputs'),
    parameters: isRecord(json['parameters']) ? json['parameters'] : {},
  };
}

/** Each name once, also of models in several versions; those that a server says are not ready are left out. Errors: protocol. */
export function readRepositoryIndex(body: Uint8Array): string[] {
  const list = parseBody(body);
  if (!Array.isArray(list)) throw protocolError(`the list of models is no list: ${brief(list)}`);
  const there = list.filter((entry: unknown): entry is JsonRecord & { name: string } =>
    isRecord(entry) && typeof entry['name'] === 'string' && (entry['state'] === undefined || entry['state'] === 'READY'));
  return [...new Set(there.map(({ name }) => name))];
}

function readTensors(list: unknown, key: string): TensorMetadata[] {
  if (!Array.isArray(list)) throw protocolError(`the model's "${key}" is a list, not ${brief(list)}`);
  return list.map((entry: unknown, index) => {
    const described = isRecord(entry) ? entry : {};
    const { name, datatype, shape } = described;
    // Some servers write sizes as strings.
    const sizes = Array.isArray(shape) ? shape.map(Number) : undefined;
    if (typeof name !== 'string' || typeof datatype !== 'string' || sizes === undefined || !sizes.every(Number.isSafeInteger)) {
      throw protocolError(`${key}[${index}] of the model's metadata is no tensor: ${brief(entry)}`);
    }
    return { name, datatype, shape: sizes };
  });
}
