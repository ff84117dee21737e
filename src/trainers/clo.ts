/**
 * CLO (Lee et al. 2025): replies in the language of the prompt preferred over their translations, against the model that the
 * run began with, beside the likelihood of the other language's replies.
 */
import { chunk, createOrder } from '../data/index.ts';
import type { InstructionExample } from '../data/parallel/index.ts';
import { UserError } from '../errors.ts';
import { type CloPair, clo } from '../losses/index.ts';
import type { CloRecipe } from '../recipe/index.ts';
import { type CloTokens, describePairs, encodeClo, readCloText, samplesOf } from './clo/data.ts';
import { cloFigures } from './clo/figures.ts';
import { cloMeasure } from './clo/measure.ts';
import { packPairs } from './clo/micro-batch.ts';
import { type Group, type Reference, referenceOf } from './clo/reference.ts';
import type { Method, ReadRows, Start, StepPlan } from './method.ts';
import { inputsOf } from './nll.ts';
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
    rounding: {
      backend: start.backend,
      embedScale: recipe.model.embedScale,
      microBatchSize: settings.microBatchSize,
    },
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

/** Share of saturated pairs from which a step is worth a warning. */
const MANY_SATURATED = 0.9;

interface Context {
  start: Start;
  recipe: CloRecipe;
  reference: Reference;
  /** Has saturation been warned of? */
  isSaid: boolean;
}

function planClo(
  context: Context,
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
