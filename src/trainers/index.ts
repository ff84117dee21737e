export { type Checkpoint, listCheckpoints, type TrainerState } from './checkpoints.ts';
export { EXIT_CODES, Interrupted, type StopRequest, type StopSignal, watchSignals } from './interrupt.ts';
export type { Measured, Method, StepPlan } from './method.ts';
export {
  type EvalMetrics,
  type ProgressSink,
  type RunStart,
  type Saved,
  type StepMetrics,
  silent,
  type TrainResult,
} from './progress.ts';
export { type ResumeOptions, type RunOptions, resumeRun, train, trainMist } from './run.ts';
export { runPaths } from './run-files.ts';
export { newestCheckpoint } from './survey.ts';
