// An example's rows, in the worker: made here if they are synthetic, else fetched from beside the page.
import { dataLimits, MemoryFileTree, nextTurn, OfframpError, readDataset, type Dataset } from '@offramp/engine';
import { heartbeats } from './heartbeats.js';
import type { ExampleId } from './list.js';
import { makeRows, partGroups, type SyntheticTask } from './synthetic.js';
import { whistles } from './whistles.js';

export interface ExampleSets {
  data: Dataset;
  select: Dataset;
  test: Dataset;
}

export interface LoadControls {
  /** The address of the folder with the examples' files, with a slash at its end. */
  folder: string;
  signal?: AbortSignal | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

export const syntheticTasks: Partial<Record<ExampleId, SyntheticTask>> = { whistles, heartbeats };

/** Errors: cancelled; network and invalid_data for files that are missing beside the page, naming them. */
export async function loadExample(id: ExampleId, controls: LoadControls): Promise<ExampleSets> {
  const task = syntheticTasks[id];
  return task === undefined ? fetchParts(controls) : makeParts(task, controls);
}

async function makeParts(task: SyntheticTask, { signal, onProgress }: LoadControls): Promise<ExampleSets> {
  const total = partGroups.train.count + partGroups.select.count + partGroups.test.count;
  let done = 0;
  const part = (name: keyof typeof partGroups): Promise<Dataset> => makeRows(task, name, partGroups[name], {
    onGroup: async () => {
      done += 1;
      onProgress?.(done, total);
      await nextTurn();
      if (signal?.aborted === true) throw new OfframpError('cancelled', `making rows of ${task.name} was stopped`);
    },
  });
  return { data: await part('train'), select: await part('select'), test: await part('test') };
}

const partFiles = ['.json', '-images-idx3-ubyte.gz', '-labels-idx1-ubyte.gz'];

async function fetchParts({ folder, signal, onProgress }: LoadControls): Promise<ExampleSets> {
  const parts = ['train', 'select', 'test'] as const;
  let done = 0;
  const read = async (part: (typeof parts)[number]): Promise<Dataset> => {
    const files: [string, Uint8Array][] = [];
    for (const ending of partFiles) {
      files.push([`${part}${ending}`, await fetchBytes(new URL(`fashion/${part}${ending}`, folder), signal)]);
      done += 1;
      onProgress?.(done, parts.length * partFiles.length);
    }
    const set = await readDataset(new MemoryFileTree(files), `${part}.json`, { limits: dataLimits });
    return { ...set, name: `garments (${part})` };
  };
  return { data: await read('train'), select: await read('select'), test: await read('test') };
}

async function fetchBytes(url: URL, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const unavailable = (why: string): OfframpError => new OfframpError('invalid_data', `${url.pathname} is not there: ${why}. The page's files may be incomplete, or you are offline and have not opened this example before`);
  let response: Response;
  try {
    response = await fetch(url, signal === undefined ? {} : { signal });
  } catch (thrown) {
    if (signal?.aborted === true) throw new OfframpError('cancelled', 'fetching the example was stopped');
    throw unavailable(thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (!response.ok) throw unavailable(`status ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
