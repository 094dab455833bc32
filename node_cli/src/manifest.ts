// The few things of a manifest that commands show; the core has checked it.
import { isJsonObject, type JsonObject } from '@offramp/engine';

export function labelsOf(manifest: JsonObject): string[] | undefined {
  const model = manifest['model'];
  const labels = isJsonObject(model) ? model['labels'] : undefined;
  if (!Array.isArray(labels) || labels.length === 0 || !labels.every((label): label is string => typeof label === 'string')) return undefined;
  return labels;
}

/** Name of the place where stage `stage` answers; undefined for the model's own end. */
export function exitName(manifest: JsonObject, stage: number): string | undefined {
  const stages = manifest['stages'];
  const described = Array.isArray(stages) ? stages[stage] : undefined;
  const exit = isJsonObject(described) ? described['exit'] : undefined;
  return isJsonObject(exit) && typeof exit['at'] === 'string' ? exit['at'] : undefined;
}

/** How many exits stand in the stages before `stage`: those between targets need not end in one. */
export function exitsBefore(manifest: JsonObject, stage: number): number {
  return Array.from({ length: stage }, (_, index) => exitName(manifest, index)).filter((name) => name !== undefined).length;
}
