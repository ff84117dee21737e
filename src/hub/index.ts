export { cachedCommit, type RepoFolder, repoFolder } from './cache.ts';
export { type DatasetFiles, type DatasetNeed, fetchDataset } from './dataset.ts';
export { type HubId, parseHubId } from './id.ts';
export { hubSettings } from './settings.ts';
export {
  type Choice,
  type DownloadProgress,
  type Entry,
  type FetchOptions,
  intoCache,
  offline,
  shown,
  whatIsThere,
} from './snapshot.ts';
