/** MIST, multilingual instruction tuning: the likelihood of replies, given their prompts, in every language of the data. */
import { createOrder, type Example } from '../data/index.ts';
import type { Gemma3 } from '../model/index.ts';
import type { MistRecipe } from '../recipe/index.ts';
import type { Method, ReadRows } from './method.ts';
import { NLL_FIGURES, nllMeasure, planNll } from './nll.ts';
import { describeDataset, encodeTrainingData, readTrainingRows } from './training-data.ts';

/** Sizes of what is computed at once. */
export interface MistSettings {
  seed: number;
  /** Rows of an optimizer step. */
  batchSize: number;
  /** Rows of a micro-batch. */
  microBatchSize: number;
}

/** Rows of a recipe for MIST. */
export const readMist: ReadRows<MistRecipe> = async (recipe, cwd) => {
  const rows = await readTrainingRows(recipe, cwd);
  return {
    sources: rows.sources,
    hasChats: rows.hasChats,
    encode({ tokenizer, config }, warn) {
      const { train, heldOut } = encodeTrainingData(rows, recipe, tokenizer, config, warn);
      const held = heldOut?.examples ?? [];
      return {
        dataSha256: train.sha256,
        evalDataSha256: heldOut?.sha256 ?? null,
        stepsPerEpoch: Math.ceil(train.examples.length / recipe.train.batchSize),
        trainExamples: train.examples.length,
        evalExamples: held.length,
        figures: held.length === 0 ? [] : NLL_FIGURES,
        summary: [
          ['training', describeDataset(train)],
          ['held out', heldOut ? describeDataset(heldOut) : 'none'],
        ],
        samples: train.examples,
        async begin({ model }) {
          return mistMethod(model, train.examples, held, { seed: recipe.seed, ...recipe.train });
        },
      };
    },
  };
};

/** The method MIST on a model and encoded rows. */
export function mistMethod(
  model: Gemma3,
  train: readonly Example[],
  heldOut: readonly Example[],
  { seed, batchSize, microBatchSize }: MistSettings,
): Method {
  const order = createOrder(seed, train.length, batchSize);
  return {
    stepsPerEpoch: order.stepsPerEpoch,
    shown: [['loss', 'loss']],
    plan: (step) =>
      planNll(
        model,
        Array.from(order.at(step).rows, (row) => train[row]!),
        microBatchSize,
      ),
    measures: () => (heldOut.length === 0 ? [] : [nllMeasure(model, heldOut, microBatchSize)]),
  };
}
