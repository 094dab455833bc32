// Everything a host needs: one contract for the page, Node and gateways.
export * from './augment.js';
export { Augmentation } from './augmentation.js';
export * from './bench.js';
export { checkLabelRange, checkSeveralClasses, sampleRows, sliceDataset, takeRows, type Dataset } from './data/dataset.js';
export { readSteps } from './data/description.js';
export { dataLimits, MemoryFileTree, resolveInside, type DataLimits, type FileTree } from './data/file_tree.js';
export { readNpy } from './data/npy.js';
export { decodePng, dropAlpha, type Picture, type PictureDecoder } from './data/png.js';
export { choosePreprocess, guessPreprocess, modelClasses, modelInputShape, type PreprocessGuess } from './data/preprocess_guess.js';
export { readDataset, type ReadOptions } from './data/read_dataset.js';
export { remarkOnBase, remarkOnClassLimit, remarkOnRows } from './data/remarks.js';
export { makeParts, type NamedSets, type Parts } from './data/splits.js';
export * from './engine.js';
export * from './errors.js';
export { evaluateModel, evaluateRows, measureLatency, type HostControls, type Subject } from './evaluate.js';
export { exportForms, exportPackage, isFolderForm, type ExportForm } from './export/export_package.js';
export { isJsonObject, parseJson, type Json, type JsonObject } from './json.js';
export type { KeptProgress, ProgressStore } from './kept_progress.js';
export { CircuitBreaker, type BreakerOptions } from './offload/circuit_breaker.js';
export { evaluateLink, type EvaluateLinkOptions } from './offload/evaluate_link.js';
export { measureLink, type LinkFigures, type LinkOptions } from './offload/link_speed.js';
export type { FailureReason } from './offload/caller.js';
export {
  continuationModel, firstRemoteStage, identityParameter, readPlan, scaleInput, stageModel, zeroPointInput, type PlannedStage, type StagePlan,
} from './offload/plan.js';
export * from './offload/staged_session.js';
export * from './package_zip.js';
export type { NodeTimes } from './profile.js';
export * from './progress.js';
export type * from './raw_module.js';
export { encodings } from './raw_module.js';
export type * from './reports.js';
export { nextTurn } from './scheduler.js';
export { evaluateStream, type StreamOptions } from './streams.js';
export * from './tensor.js';
export { percentile, summariseTimes, timeByTurns, type RunTimes, type TimingOptions } from './timing.js';
export { defaultThreadStartLimitMs } from './thread_start.js';
export { chooseVariant, detectFeatures, mostThreads, variantRequests, type EngineOptions, type HostFeatures, type Variant, type VariantRequest } from './variants.js';
