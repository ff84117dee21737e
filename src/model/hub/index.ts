export { type DownloadProgress, type FetchOptions, fetchModel } from './fetch-model.ts';
export { type HubId, parseHubId } from './id.ts';
