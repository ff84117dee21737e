export {
  type Checkpoint,
  checkpointName,
  listCheckpoints,
  pruneCheckpoints,
  type TrainerState,
  trainerPaths,
  writeCheckpoint,
} from './checkpoints.ts';
export {
  breathe,
  EXIT_CODES,
  Interrupted,
  type Standing,
  type StopRequest,
  type StopSignal,
  stopMessage,
  watchSignals,
} from './interrupt.ts';
export { type Lock, takeLock } from './lock.ts';
export { lastMetricsStep, type MetricsLog, openMetrics } from './metrics-log.ts';
export {
  type FindOptions,
  type FindProgress,
  findModel,
  findRecipeModel,
  type ModelSource,
  modelOnDisk,
} from './model-source.ts';
export * from './run-files.ts';
export {
  type BestCheckpoint,
  type DataIdentity,
  type DataSource,
  newRecord,
  type RunRecord,
  readRecord,
  writeRecord,
} from './run-record.ts';
export { newestCheckpoint, type SavedRecipe, type Survey, surveyCheckpoints } from './survey.ts';
