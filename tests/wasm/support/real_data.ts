// Where the real samples and models are: OFFRAMP_DATA, else ../shared/data beside the checkout. Tests that need them fail
// loudly in CI when they are missing, and are listed as skipped elsewhere.
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

export interface RealData {
  available: boolean;
  path(name: string): string;
  /** "cifar10/resnet20.onnx", ...: all of them, sorted. */
  models(): string[];
}

export function realData(): RealData {
  const root = resolve(process.env['OFFRAMP_DATA'] ?? '../shared/data');
  const available = existsSync(join(root, 'cifar10'));
  if (!available) {
    if (process.env['CI'] === 'true') throw new Error(`real data is demanded in CI: no ${root}; set OFFRAMP_DATA`);
    test('real data', { skip: `no ${root}; set OFFRAMP_DATA` }, () => {});
  }
  return {
    available,
    path: (name) => join(root, name),
    models: () =>
      available
        ? ['cifar10', 'ecg', 'kws'].flatMap((folder) =>
            readdirSync(join(root, folder))
              .filter((name) => name.endsWith('.onnx'))
              .sort()
              .map((name) => `${folder}/${name}`),
          )
        : [],
  };
}
