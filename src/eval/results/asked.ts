/** Whether what was asked of a task gives a metric. */
import { UserError } from '../../errors.ts';
import type { Metric } from '../metric.ts';
import type { TaskKey } from './key.ts';

/** @throws UserError for a metric of texts where letters were scored, and for one that needs what was not scored */
export function requireAsked(
  file: string | undefined,
  task: string,
  { scoring, prompt }: Pick<TaskKey, 'scoring' | 'prompt'>,
  metric: Metric,
): void {
  const place = file === undefined ? {} : { file };
  if (scoring === 'letters' && metric !== 'sum')
    throw new UserError({ ...place, message: `${task}: letters are compared by sum, not by ${metric}` });
  if (metric === 'pmi' && prompt.unconditional !== true)
    throw new UserError({
      ...place,
      message: `${task}: pmi needs the log-probabilities of options without their question, which were not asked for; evaluate with --metric pmi into another folder`,
    });
}
