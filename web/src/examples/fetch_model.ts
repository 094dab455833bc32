// A bundled example's model, from beside the page.
import { OfframpError } from '@offramp/engine';
import type { ExampleId } from './list.js';

/** With a slash at its end. */
export function examplesFolder(): string {
  return new URL(`${__EXAMPLES_FOLDER__}/`, document.baseURI).href;
}

/** Errors: invalid_model if it cannot be fetched, with what to do. */
export async function fetchExampleModel(id: ExampleId, signal?: AbortSignal): Promise<Blob> {
  const unavailable = (why: string): OfframpError => new OfframpError('invalid_model', `the example's model cannot be fetched (${why}); reload the page while you are online`);
  let response: Response;
  try {
    response = await fetch(`${examplesFolder()}${id}.onnx`, signal === undefined ? {} : { signal });
  } catch (thrown) {
    if (signal?.aborted === true) throw new OfframpError('cancelled', 'fetching the example was stopped');
    throw unavailable(thrown instanceof Error ? thrown.message : String(thrown));
  }
  if (!response.ok) throw unavailable(`status ${response.status}`);
  return response.blob();
}
