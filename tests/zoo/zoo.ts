// The models that `./run zoo` exported. `./run test` names their folder in OFFRAMP_ZOO, or says why there are none.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

export interface Block {
  name: string;
  /** Of what it makes, without the batch. */
  shape: number[];
  macs_before: number;
  macs: number;
}

export interface ZooModel {
  name: string;
  exporter: 'torchscript' | 'dynamo' | 'keras';
  opset: number;
  dtype: 'float32' | 'int64';
  /** Of the rows beside the model. */
  dims: number[];
  /** Counted by PyTorch; null where it does not count them, in recurrent layers. */
  macs: number | null;
  blocks: Block[];
  /** Places for heads within each block; null where some blocks have no branch at all. */
  inside: number | null;
}

const folder = process.env['OFFRAMP_ZOO'];

export const zooFile = (name: string): string => join(folder ?? '', name);

export function zooModels(): ZooModel[] {
  if (folder === undefined) {
    test('the zoo', { skip: 'OFFRAMP_ZOO names no folder; ./run zoo makes one' }, () => {});
    return [];
  }
  return JSON.parse(readFileSync(zooFile('zoo.json'), 'utf8')) as ZooModel[];
}
