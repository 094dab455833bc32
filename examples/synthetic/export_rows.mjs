// Writes the rows that the page makes for an example as .npy files and dataset descriptions, for train.py and for the command line.
// node export_rows.mjs whistles|heartbeats FOLDER [PART=COUNT ...]: COUNT groups of train, select or test, with as many
// rows each as the base model learnt from; the page's own numbers unless told.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const built = resolve(import.meta.dirname, '../../build/ts/web/src/examples');
const { makeRows, partGroups } = await import(join(built, 'synthetic.js'));
const { whistles } = await import(join(built, 'whistles.js'));
const { heartbeats } = await import(join(built, 'heartbeats.js'));

const [name, folder, ...counts] = process.argv.slice(2);
const task = { whistles, heartbeats }[name];
if (task === undefined || folder === undefined) throw new Error('usage: node export_rows.mjs whistles|heartbeats FOLDER [PART=COUNT ...]');
const wanted = Object.fromEntries(counts.map((text) => text.split('=')));
mkdirSync(folder, { recursive: true });
for (const [part, groups] of Object.entries(partGroups)) {
  const count = Number(wanted[part] ?? groups.count);
  const rows = await makeRows(task, part, wanted[part] === undefined ? groups : { ...groups, count, rows: task.rowsPerGroup });
  const arrays = {
    x: ['<f4', rows.x.dims, rows.x.data], y: ['<i4', [rows.y.length], rows.y],
    groups: ['<f8', [rows.y.length], rows.groups], order: ['<f8', [rows.y.length], rows.order],
  };
  for (const [key, [type, shape, values]] of Object.entries(arrays)) writeFileSync(join(folder, `${part}_${key}.npy`), npy(type, shape, values));
  const description = {
    offramp_dataset: 1, x: `${part}_x.npy`, y: `${part}_y.npy`, groups: `${part}_groups.npy`, order: `${part}_order.npy`, labels: rows.labels,
    note: `synthetic: made by ${name}.ts, groups ${groups.first} to ${groups.first + count - 1}`, preprocess: rows.preprocess,
  };
  writeFileSync(join(folder, `${part}.json`), `${JSON.stringify(description, null, 1)}\n`);
  console.log(`${part}: ${rows.y.length} rows of ${count} groups`);
}

function npy(type, shape, values) {
  const text = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const header = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const start = Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  return Buffer.concat([start, Buffer.from(header, 'latin1'), Buffer.from(values.buffer, values.byteOffset, values.byteLength)]);
}
