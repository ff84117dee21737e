/**
 * MIDALIGN (Liu & Niehues 2025): likelihood of replies in turn with the alignment of translations in a middle layer. The
 * two losses have names of their own and are never added up.
 */
import { createHash } from 'node:crypto';
import { createOrder, type Example } from '../data/index.ts';
import type { EncodedSentences, Pair } from '../data/parallel/index.ts';
import type { MidalignRecipe } from '../recipe/index.ts';
import { type AlignTokens, describeAlign, encodeAlign, layerOf, readAlignText } from './align/data.ts';
import { createHead, languageMicro } from './align/language-head.ts';
import { ALIGN_FIGURES, alignMeasure } from './align/measure.ts';
import { statisticsOf } from './align/statistics.ts';
import { planAlign } from './align/step.ts';
import type { Method, ReadRows, Start, StepPlan } from './method.ts';
import { NLL_FIGURES, nllMeasure, planNll } from './nll.ts';
import { bothProblems, describeDataset, encodeTrainingData, readTrainingRows } from './training-data.ts';

/** Rows and translations of a recipe for MIDALIGN. */
export const readMidalign: ReadRows<MidalignRecipe> = async (recipe, cwd) => {
  const [rows, text] = await bothProblems(readTrainingRows(recipe, cwd), readAlignText(recipe, cwd));
  const { align, train: settings } = recipe;
  return {
    sources: [...rows.sources, ...text.sources],
    hasChats: rows.hasChats,
    encode(source, warn) {
      const { train, heldOut } = encodeTrainingData(rows, recipe, source.tokenizer, source.config, warn);
      const tokens = encodeAlign(text, recipe, source, warn);
      const layer = layerOf(recipe, source.config.numHiddenLayers);
      const both = [heldOut?.sha256, tokens.heldOut?.tokens.sha256];
      return {
        dataSha256: sha256(train.sha256, tokens.train.tokens.sha256),
        evalDataSha256: both.some((hash) => hash !== undefined) ? sha256(...both.map(String)) : null,
        stepsPerEpoch:
          Math.ceil(train.examples.length / settings.batchSize) * (align.alternate === 'step' ? 2 : 1),
        trainExamples: train.examples.length,
        evalExamples: heldOut?.examples.length ?? 0,
        figures: [...(heldOut ? NLL_FIGURES : []), ...(tokens.heldOut ? ALIGN_FIGURES : [])],
        summary: [
          ['training', describeDataset(train)],
          ['held out', heldOut ? describeDataset(heldOut) : 'none'],
          ['aligned', describeAlign(tokens, layer, source.config.numHiddenLayers)],
        ],
        samples: train.examples,
        begin: (start) => midalign(start, recipe, train.examples, heldOut?.examples ?? [], tokens, layer),
      };
    },
  };
};

async function midalign(
  start: Start,
  recipe: MidalignRecipe,
  train: readonly Example[],
  heldOut: readonly Example[],
  tokens: AlignTokens,
  layer: number,
): Promise<Method> {
  const { align, seed, train: settings } = recipe;
  const { pooling, languageMatching: matching } = align;
  const pooler = { layer, bos: pooling.bos, weights: pooling.weights };
  const statistics =
    pooling.normalize === 'none'
      ? undefined
      : await statisticsOf(start, tokens.train, pooling.sentences, pooler);
  const options = { ...align, ...pooler, normalize: pooling.normalize, statistics };
  const order = createOrder(seed, train.length, settings.batchSize);
  const { model } = start;
  const nll = (step: number, share?: number) => {
    const rows = Array.from(order.at(step).rows, (row) => train[row]!);
    return planNll(model, rows, settings.microBatchSize, share);
  };
  const head = matching.weight > 0 ? createHead(model.config.hiddenSize, matching.width, seed) : undefined;
  const contrast = (step: number, share?: number): StepPlan => {
    const pairs = tokens.order.at(step).pairs.map((pair) => tokenPair(tokens.train.tokens, pair));
    const plan = planAlign(model, pairs, options, share);
    if (head === undefined) return plan;
    const sentences = pairs.flatMap(({ xx, en, source, target }) => [
      { ids: xx, language: source },
      { ids: en, language: target },
    ]);
    return {
      ...plan,
      micros: [...plan.micros, languageMicro(model, head, sentences, matching.weight, share)],
    };
  };
  const measures = () => [
    ...(heldOut.length === 0 ? [] : [nllMeasure(model, heldOut, settings.microBatchSize)]),
    ...(tokens.heldOut ? [alignMeasure(model, tokens.heldOut, pooler)] : []),
  ];
  return {
    stepsPerEpoch: order.stepsPerEpoch * (align.alternate === 'step' ? 2 : 1),
    ...(head ? { own: head } : {}),
    shown: [
      ['loss', 'loss'],
      ['align_loss', 'align'],
      ['language_loss', 'language'],
    ],
    measures,
    // Likelihood first, as in the official code. Phase and both orders follow from the step.
    plan(step) {
      if (align.alternate === 'step') return step % 2 === 0 ? nll(step / 2) : contrast((step - 1) / 2);
      const [first, second] = [nll(step, 0.5), contrast(step, 0.5)];
      return {
        ...second,
        micros: [...first.micros, ...second.micros],
        numTokens: first.numTokens + second.numTokens,
      };
    },
  };
}

function tokenPair({ ids }: EncodedSentences, { index, source, target }: Pair) {
  return { xx: ids(source, index), en: ids(target, index), source, target };
}

function sha256(...hashes: string[]): string {
  return createHash('sha256').update(hashes.join(' ')).digest('hex');
}
