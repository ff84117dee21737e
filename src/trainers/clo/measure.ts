/** CLO's loss and preferences on held-out pairs, by language. */
import { chunk } from '../../data/index.ts';
import type { InstructionExample } from '../../data/parallel/index.ts';
import { type CloOptions, type CloPair, cloValues } from '../../losses/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import type { Measure } from '../method.ts';
import { CLO_FIGURES, cloFigures, lossOf } from './figures.ts';
import { logProbsOf, packPairs } from './micro-batch.ts';
import type { Reference } from './reference.ts';

/** What `cloMeasure` finds, without those of each language. */
export const CLO_EVAL_FIGURES = ['eval_loss', ...CLO_FIGURES.map((name) => `eval_${name}`)];

/** `eval_loss` is the loss with all held-out pairs as one batch; the others are as for a step. */
export function cloMeasure(
  model: Gemma3,
  pairs: readonly InstructionExample[],
  reference: Reference,
  options: CloOptions,
  microBatchSize: number,
): Measure {
  const all: CloPair[] = [];
  let numTargets = 0;
  return {
    *pieces() {
      for (const rows of chunk([...pairs.keys()], microBatchSize)) {
        yield () => {
          const batch = packPairs(rows.map((row) => pairs[row]!));
          const policy = logProbsOf(model, batch);
          const reference_S = rows.flatMap((row) => [...reference.of('eval', row)]);
          // The sizes only weigh the loss, which is worked out over all pairs below.
          for (const pair of cloValues(policy, reference_S, { numTargets: 1, numPairs: 1 }, options).pairs)
            all.push(pair);
          numTargets += batch.targets.labels_R.length;
        };
      }
    },
    figures() {
      const collected = cloFigures('eval_');
      collected.add(
        all,
        pairs.map(({ lang }) => lang),
      );
      return { eval_loss: lossOf(all, options), eval_num_tokens: numTargets, ...collected.figures() };
    },
  };
}
