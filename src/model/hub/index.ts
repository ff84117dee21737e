export { type DownloadProgress, type FetchOptions, fetchModel, fetchTokenizer } from './fetch-model.ts';
export { type HubId, parseHubId } from './id.ts';
