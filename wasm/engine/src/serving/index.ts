// A server of the protocol for a package's stages, without the server: models, requests and answers, for whatever host listens.
export * from './cors.js';
export { fetchHandler, type FetchHandlerOptions } from './fetch_handler.js';
export { HttpError, toHttpError } from './http_error.js';
export type * from './jobs.js';
export { localService, LocalStages, type LocalServiceOptions } from './local_stages.js';
export { largestRowBytes, type Rows, type ServedModel } from './models.js';
export { PackageService, type PackageServiceOptions, type StageQueue } from './package_service.js';
export * from './service.js';
export { StageRunner } from './stage_runner.js';
