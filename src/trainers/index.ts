export type { Measure, Method, Micro, StepPlan } from './method.ts';
export {
  type EvalMetrics,
  type ProgressSink,
  type RunStart,
  type StepMetrics,
  silent,
  type TrainResult,
} from './progress.ts';
export { type ResumeOptions, type RunOptions, resumeRun, train } from './run.ts';
