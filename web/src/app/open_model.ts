// Opens a model, a file or a bundled example.
import { fetchExampleModel } from '../examples/fetch_model.js';
import type { Example, ExampleId } from '../examples/list.js';
import { judgeModel } from './judge_model.js';
import { openExampleSets } from './open_sets.js';
import type { Project } from './project.svelte.js';

/** Errors: what the engine says, naming the file. */
export async function openModel(project: Project, name: string, file: Blob, shown: { name: string; example?: ExampleId } = { name }): Promise<void> {
  const opened = await project.engine.call('openModel', { name, file });
  project.setModel({ ...opened, ...shown, findings: judgeModel(opened.report) });
}

/** With its rows, so that the search is one click away. */
export async function openExample(project: Project, example: Example): Promise<void> {
  await openModel(project, `${example.id}.onnx`, await fetchExampleModel(example.id), { name: example.title, example: example.id });
  await project.prepare(`${example.synthetic ? 'Making' : 'Fetching'} the samples of ${example.title}`, (ready) => openExampleSets(project, example.id, ready));
}
