export { requireAsked } from './asked.ts';
export { type EvaluationTarget, type Finished, type OpenEvaluation, openEvaluation } from './evaluation.ts';
export { type EvaluationRecord, fileDate, readRecord, resultPaths, taskName } from './folder.ts';
export {
  difference,
  type EvaluationKey,
  evaluationIdentity,
  SCORER_VERSION,
  type TaskKey,
  tokenizerIdentity,
} from './key.ts';
export {
  type LanguageResult,
  type MetricValue,
  metricName,
  type ResultsOf,
  resultsText,
  type TaskResult,
  taskHash,
} from './results.ts';
export type { Figures, FiguresOf } from './sample.ts';
export {
  type Rescored,
  rescore,
  type SavedScore,
  type SavedScores,
  type SavedTask,
  savedScores,
} from './score.ts';
