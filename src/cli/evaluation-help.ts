/** What the help of several verbs says; names are spelled here, as reading them from the tasks would load all of these. */

/** Names of the tasks; a test holds them to `TASKS`. */
export const TASK_NAMES = [
  'gmmlu',
  'gmmlu_lite',
  'blend',
  'blend_annotations',
  'bmlama',
  'mcq',
  'toy',
  'toy_culture',
];

/** Of `--metric`. */
export const METRIC_HELP =
  'What option texts are compared by: log-probability (sum), the same a token (tokens) or a byte (bytes), or less that without the question (pmi)';
