// A search that is kept, on the real module: a plan picked from the front does on the test rows what the front says, and so does its package.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Augmentation, evaluateModel, type Dataset, type ReportExit } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { fashionRows } from './support/fashion_mnist.js';

function dataset(set: 'train' | 't10k', begin: number, end: number): Dataset {
  const { values, dims, labels } = fashionRows(set, begin, end);
  return { name: `${set} ${begin}`, x: { dtype: 'f32', dims, data: new Uint8Array(values.buffer) }, y: labels };
}

interface FrontPlan {
  accuracy: number;
  mean_macs: number;
  harm_pp: number;
  exits: string[];
}

test('plans of the front, picked one after the other', async () => {
  const engine = await loadNodeEngine();
  const data = { train: dataset('train', 0, 200), select: dataset('train', 50_000, 50_300), test: dataset('t10k', 0, 100) };
  const augmentation = await Augmentation.run(engine, readFileSync('examples/fashion_mnist/base.onnx'), data, { maxDropPp: 2, epochs: 1, seed: 1, preprocess: [] });
  const { report: first } = augmentation.outcome;
  const front = first.pareto as FrontPlan[];
  assert.ok(front.length > 10, `${front.length} plans`);
  for (const at of [0, Math.floor(front.length / 2), front.length - 1]) {
    const plan = front[at] as FrontPlan;
    const looked = await augmentation.look(at);
    assert.equal(looked.plan.accuracy, plan.accuracy);
    assert.equal(looked.plan.mean_macs, plan.mean_macs);
    assert.equal(looked.plan.mean_latency_ns, null);
    assert.deepEqual(looked.plan.exits.map(({ at: place }: ReportExit) => place), plan.exits);
    assert.deepEqual(looked.pareto, first.pareto, 'the front stays');
    const { report, files } = await augmentation.pick(at);
    assert.ok((report.plan.mean_latency_ns ?? 0) > 0);
    const evaluated = await evaluateModel(engine, { package: files }, data.test);
    assert.equal(evaluated.accuracy, plan.accuracy, `plan ${at}`);
    assert.ok(Math.abs(evaluated.mean_macs / plan.mean_macs - 1) < 1e-9, `${evaluated.mean_macs} MACs, not ${plan.mean_macs}`);
    assert.ok(Math.abs(evaluated.harm_pp - plan.harm_pp) < 1e-9);
  }
  await assert.rejects(augmentation.look(front.length), { code: 'invalid_argument' });
  augmentation.dispose();
  assert.equal(engine.liveHandles, 0);
  engine.dispose();
});
