/**
 * CLO (Lee et al. 2025): replies in the language of the prompt preferred over their translations, against the model that the
 * run began with, beside the likelihood of the other language's replies.
 */
import type { BackendInfo } from '../backend/index.ts';
import { chunk, createOrder } from '../data/index.ts';
import type { CloRecipe } from '../recipe/index.ts';
import { type CloTokens, describePairs, encodeClo, readCloText, samplesOf } from './clo/data.ts';
import { CLO_EVAL_FIGURES, cloMeasure } from './clo/measure.ts';
import { type Group, referenceOf } from './clo/reference.ts';
import { planClo } from './clo/step.ts';
import type { Method, ReadRows, Start } from './method.ts';
import { totalSteps } from './steps.ts';

/** Pairs of a recipe for CLO. */
export const readClo: ReadRows<CloRecipe> = async (recipe, cwd) => {
  const text = await readCloText(recipe, cwd);
  return {
    sources: text.sources,
    hasChats: recipe.data.template === 'chat',
    encode(source, warn) {
      const tokens = encodeClo(text, recipe, source, warn);
      const { train, heldOut } = tokens;
      return {
        dataSha256: train.sha256,
        evalDataSha256: heldOut?.sha256 ?? null,
        stepsPerEpoch: Math.ceil(train.examples.length / recipe.train.batchSize),
        trainExamples: train.examples.length,
        evalExamples: heldOut?.examples.length ?? 0,
        figures: heldOut ? CLO_EVAL_FIGURES : [],
        summary: [
          ['training', describePairs(train)],
          ['held out', heldOut ? describePairs(heldOut) : 'none'],
        ],
        samples: samplesOf(train),
        begin: (start) => beginClo(start, recipe, tokens),
      };
    },
  };
};

/** What decides the last bits of a log-prob; why a backend was taken does not. */
function roundingOf(
  { reason, computeReason, storageReason, ...backend }: BackendInfo,
  { model, train }: CloRecipe,
) {
  return { backend, embedScale: model.embedScale, microBatchSize: train.microBatchSize };
}

async function beginClo(start: Start, recipe: CloRecipe, { train, heldOut }: CloTokens): Promise<Method> {
  const { seed, train: settings } = recipe;
  const pairs = { train: train.examples, eval: heldOut?.examples ?? [] };
  const order = createOrder(seed, pairs.train.length, settings.batchSize);
  // As the first epoch passes over them: what is computed together rounds alike.
  const steps = Math.min(order.stepsPerEpoch, totalSteps(recipe, order.stepsPerEpoch));
  const groups: Group[] = [];
  for (let step = 0; step < steps; step++)
    for (const rows of chunk(Array.from(order.at(step).rows), settings.microBatchSize))
      groups.push({ side: 'train', rows });
  for (const rows of chunk([...pairs.eval.keys()], settings.microBatchSize))
    groups.push({ side: 'eval', rows });
  const reference = await referenceOf(start, pairs, groups, {
    modelSha256: start.modelSha256,
    dataSha256: train.sha256,
    evalDataSha256: heldOut?.sha256 ?? null,
    rounding: roundingOf(start.backend, recipe),
  });
  const context = { start, recipe, reference, isSaid: false };
  return {
    stepsPerEpoch: order.stepsPerEpoch,
    shown: [
      ['loss', 'loss'],
      ['rewards/margins', 'margin'],
      ['rewards/accuracies', 'accuracy'],
    ],
    plan: (step) => planClo(context, pairs.train, Array.from(order.at(step).rows), step),
    measures: () =>
      pairs.eval.length === 0
        ? []
        : [cloMeasure(start.model, pairs.eval, reference, recipe.clo, settings.microBatchSize)],
  };
}
