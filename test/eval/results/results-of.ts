/** Results that tests write. */
import { type EvaluationRecord, type ResultsOf, taskHash } from '../../../src/eval/results/index.ts';

/** Of two languages: one with all its items right, so few that there is no error; and of their mean. */
export function resultsOf(record: EvaluationRecord): ResultsOf {
  return {
    record,
    model: { name: 'runs/a:b', parameters: 10 },
    device: 'cpu',
    maxLength: 32_768,
    tokenizer: { pad: ['<pad>', 0], eos: ['<eos>', 1], bos: ['<bos>', 2] },
    seconds: 1.5,
    metric: 'sum',
    tasks: [
      {
        task: 'capitals',
        languages: [
          {
            ...{ language: 'ko', n: 4, original: 10, hash: taskHash([]) },
            metrics: { acc: { mean: 0.5, stderr: 0.25 } },
          },
          { language: 'sw', n: 1, original: 1, hash: taskHash([]), metrics: { acc: { mean: 1 } } },
        ],
        metrics: { acc: { mean: 0.75, stderr: 0.125 } },
        ours: { ci95: [0.5, 1], n_clusters: 3 },
      },
    ],
  };
}
