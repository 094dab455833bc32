// Ctrl-C: the command ends at once, says so and how to go on, and leaves nothing but its progress.
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exampleModel, start, temporaryFolder, writeSquares } from './command.js';

const folder = temporaryFolder();
const data = writeSquares(join(folder, 'data.npz'), 4000, 1);
const before = readdirSync(folder);

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
  // At the first remark, and when extraction or training is under way.
  for (const wait of [0, 2000]) {
    test(`${signal} ${wait} ms into the work`, async () => {
      const { child, ended } = start(['augment', exampleModel, '--data', data, '--epochs', '500', '-o', join(folder, 'out.offramp')]);
      await new Promise((resolve) => child.stderr?.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, wait));
      const sent = performance.now();
      child.kill(signal);
      const result = await ended;
      const took = performance.now() - sent;
      assert.equal(result.code, code, result.err);
      assert.equal(result.out, '');
      const kept = readdirSync(folder).includes('out.offramp.progress');
      assert.match(result.err, kept ? /offramp: cancelled; the same command goes on from \S*out\.offramp\.progress\n$/ : /offramp: cancelled\n$/);
      rmSync(join(folder, 'out.offramp.progress'), { recursive: true, force: true });
      assert.deepEqual(readdirSync(folder), before);
      assert.ok(took < 5000, `${took} ms`); // a second on an idle machine; tests run beside others
    });
  }
}
