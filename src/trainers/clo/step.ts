/** One step of CLO: the loss of its pairs against the reference, and what is logged of them. */
import { chunk } from '../../data/index.ts';
import type { InstructionExample } from '../../data/parallel/index.ts';
import { UserError } from '../../errors.ts';
import { type CloPair, clo } from '../../losses/index.ts';
import type { CloRecipe } from '../../recipe/index.ts';
import type { Start, StepPlan } from '../method.ts';
import { inputsOf } from '../nll.ts';
import { cloFigures } from './figures.ts';
import { packPairs } from './micro-batch.ts';
import type { Reference } from './reference.ts';

/** Share of saturated pairs from which a step is worth a warning. */
const MANY_SATURATED = 0.9;

/** What every step of a run has in common. */
export interface CloContext {
  start: Start;
  recipe: CloRecipe;
  reference: Reference;
  /** Has saturation been warned of? */
  isSaid: boolean;
}

/** The step's pairs in micro-batches; their figures are means over the whole step. */
export function planClo(
  context: CloContext,
  train: readonly InstructionExample[],
  rows: readonly number[],
  step: number,
): StepPlan {
  const { start, recipe, reference } = context;
  const collected = cloFigures();
  const numTargets = rows.reduce((sum, row) => sum + train[row]!.xxXx.numTargets, 0);
  const groups = chunk(rows, recipe.train.microBatchSize).map((group) => ({
    group,
    batch: packPairs(group.map((row) => train[row]!)),
  }));
  return {
    micros: groups.map(({ group, batch }) => ({
      name: 'loss',
      loss() {
        const { hidden_BTD } = start.model.forward(inputsOf(batch));
        const embedding_VD = start.model.parameter('embed_tokens.weight');
        const reference_S = group.flatMap((row) => [...reference.of('train', row)]);
        const sizes = { numTargets, numPairs: rows.length };
        const { loss, pairs } = clo(hidden_BTD, embedding_VD, batch.targets, reference_S, sizes, recipe.clo);
        if (step === 0)
          requireZero(
            pairs,
            group.map((row) => train[row]!),
          );
        collected.add(
          pairs,
          group.map((row) => train[row]!.lang),
        );
        return loss;
      },
    })),
    numTokens: groups.reduce((sum, { batch }) => sum + batch.numTokens, 0),
    figures() {
      if (!context.isSaid && collected.saturated() > MANY_SATURATED) {
        context.isSaid = true;
        const said = `over ${100 * MANY_SATURATED} % of the pairs are saturated at step ${step + 1}: their preferences hardly change the weights any more`;
        start.progress.message(
          `${said}; a smaller clo.beta or clo.normalize=tokens keeps them in reach`,
          'warning',
        );
      }
      return collected.figures();
    },
  };
}

/** Before the first update policy and reference are one model: what differs was computed of something else. */
function requireZero(pairs: readonly CloPair[], examples: readonly InstructionExample[]): void {
  const odd = pairs.findIndex(({ en, xx }) => en.z !== 0 || xx.z !== 0);
  if (odd < 0) return;
  const { en, xx } = pairs[odd]!;
  const { id, lang } = examples[odd]!;
  throw new UserError(
    `at the first step the reference differs from the model it was computed with, for pair ${id} with ${lang}: ` +
      `z is ${en.z} and ${xx.z} instead of 0; remove reference.jsonl from the run's folder to have it computed again`,
  );
}
