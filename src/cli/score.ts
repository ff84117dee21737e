/** What `isogloss score` does: the figures of a folder of results again. */
import { metricNamed } from '../eval/metric.ts';
import { requireAsked, rescore } from '../eval/results/index.ts';
import { summarize } from '../eval/summary.ts';
import { formatSummary } from '../eval/text.ts';
import { requireSeed } from './seed.ts';

/** The command line, as typed. */
export interface ScoreArgs {
  dir: string;
  metric: string;
  seed: number;
}

/** Prints the figures of a folder of results by any metric. @throws UserError as `rescore` */
export async function scoreAgain({ dir, metric, seed }: ScoreArgs): Promise<void> {
  const by = metricNamed(metric);
  requireSeed(seed);
  const found = await rescore(dir, ({ task, asked, scores, ended }) => {
    requireAsked(dir, task, asked, by);
    return { summary: summarize(scores, by, { seed }), ended };
  });
  for (const { task, figures } of found) {
    process.stdout.write(`${formatSummary(task, figures.summary)}\n\n`);
    for (const warning of figures.summary.warnings) process.stderr.write(`warning: ${task}: ${warning}\n`);
    if (!figures.ended)
      process.stderr.write(`warning: ${task}: the evaluation has not ended; these are the items so far\n`);
  }
}
