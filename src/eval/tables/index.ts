/** Tables of the paper and of planes, as Markdown and CSV: what they are made of is read or computed elsewhere. */
export {
  type AccuracyAxes,
  type AccuracyRow,
  accuracyAxes,
  accuracyReport,
  accuracyRows,
  meanAccuracy,
  readAccuracies,
} from './accuracies.ts';
export { accuracyTable, steeringTable } from './paper.ts';
export { planeNotes, planeNumbers, planeTable } from './plane.ts';
export { type Asked, questionsTable } from './questions.ts';
export { type Table, toCsv, toMarkdown } from './table.ts';
