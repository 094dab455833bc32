// Exit points stand where a model's blocks end, by PyTorch's own account of the blocks, and are those on record.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { InspectReport } from '@offramp/engine';
import { loadNodeEngine } from '@offramp/engine/node';
import { zooFile, zooModels } from './zoo.js';

const golden = JSON.parse(readFileSync('tests/golden/zoo_exit_points.json', 'utf8')) as Record<string, string[]>;
const models = zooModels();
const reports = new Map<string, InspectReport>();
if (models.length > 0) {
  const engine = await loadNodeEngine();
  for (const { name } of models) reports.set(name, engine.inspect(readFileSync(zooFile(`${name}.onnx`))));
  test('every model of the zoo is on record', () => {
    assert.deepEqual(models.map((model) => model.name), Object.keys(golden));
  });
}

for (const model of models) {
  test(`${model.name}: exit points at its ${model.blocks.length} block ends`, () => {
    const report = reports.get(model.name);
    assert.ok(report);
    const points: InspectReport['exit_points'] = report.exit_points;
    assert.deepEqual(report.unsupported, []);
    if (model.macs !== null) assert.equal(report.macs, model.macs);
    for (const block of model.blocks) {
      const end = points.filter((point) => point.macs === block.macs);
      assert.equal(end.length, 1, `one exit point after ${block.name}`);
      const within = points.filter((point) => point.macs > block.macs_before && point.macs < block.macs);
      if (model.inside !== null) assert.equal(within.length, model.inside, `inside ${block.name}: ${within.map((point) => point.at).join(', ')}`);
    }
    assert.deepEqual(points.map((point) => `${point.at} [${point.shape.join(', ')}]`), golden[model.name]);
  });
}
