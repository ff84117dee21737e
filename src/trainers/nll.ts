/**
 * The likelihood of replies, given their prompts: steps that train on it and the held-out figure, for every method that
 * has it.
 *
 * Shape letters: T tokens of the micro-batch, D model, R rows that predict a target.
 */
import * as tf from '../backend/tfjs.ts';
import { chunk, collate, type Example, type MicroBatch, type TreeBatch } from '../data/index.ts';
import { nll } from '../losses/index.ts';
import type { Gemma3 } from '../model/index.ts';
import type { Measure, Micro, StepPlan } from './method.ts';

/**
 * Packs the examples of a step into micro-batches. Every target token of the step counts the same, 1 / their number,
 * however the step is split (not the mean of the micro-batches' means: transformers#34191).
 *
 * @param share of the step's loss, where it has others.
 */
export function planNll(
  model: Gemma3,
  examples: readonly Example[],
  microBatchSize: number,
  share = 1,
): StepPlan {
  const numTargets = examples.reduce((sum, example) => sum + example.numTargets, 0);
  const batches = chunk(examples, microBatchSize).map((group) => collate(group));
  return {
    micros: batches.map((batch) => ({ ...nllMicro(model, batch, share / numTargets), share })),
    numTokens: batches.reduce((sum, batch) => sum + batch.numTokens, 0),
  };
}

/** A packed micro-batch whose target tokens count `targetWeight` each. */
export function nllMicro(model: Gemma3, batch: MicroBatch, targetWeight: number): Micro {
  return { name: 'loss', loss: () => nllOf(model, batch, targetWeight) };
}

/** What `nllMeasure` finds that is a figure of quality. */
export const NLL_FIGURES = ['eval_loss'] as const;

/** Mean negative log-likelihood of the target tokens, in nats: `eval_loss`, and by language where rows say theirs. */
export function nllMeasure(model: Gemma3, examples: readonly Example[], microBatchSize: number): Measure {
  const sums = new Map<string, { sum: number; targets: number }>();
  let numTokens = 0;
  // Rows of one language at a time, so that each pass belongs to one.
  const byLanguage = new Map<string, Example[]>();
  for (const example of examples) {
    const lang = example.lang ?? '';
    const rows = byLanguage.get(lang);
    if (rows === undefined) byLanguage.set(lang, [example]);
    else rows.push(example);
  }
  return {
    *pieces() {
      for (const [lang, rows] of byLanguage) {
        const total = { sum: 0, targets: 0 };
        sums.set(lang, total);
        for (const group of chunk(rows, microBatchSize)) {
          yield () => {
            const batch = collate(group);
            total.sum += tf.tidy(() => nllOf(model, batch, 1).dataSync()[0]!);
            total.targets += batch.labels_R.length;
            numTokens += batch.numTokens;
          };
        }
      }
    },
    figures() {
      const all = [...sums.values()];
      const mean = (list: typeof all) =>
        list.reduce((a, { sum }) => a + sum, 0) / list.reduce((a, { targets }) => a + targets, 0);
      const languages = [...sums].filter(([lang]) => lang !== '').sort(([a], [b]) => (a < b ? -1 : 1));
      return {
        eval_loss: mean(all),
        ...Object.fromEntries(languages.map(([lang, total]) => [`eval_loss/${lang}`, mean([total])])),
        eval_num_tokens: numTokens,
      };
    },
  };
}

function nllOf(model: Gemma3, batch: MicroBatch, targetWeight: number): tf.Scalar {
  const { hidden_BTD } = model.forward(inputsOf(batch));
  const targets = {
    rows_R: tf.tensor1d(batch.rows_R, 'int32'),
    labels_R: tf.tensor1d(batch.labels_R, 'int32'),
    weights_R: tf.fill([batch.labels_R.length], targetWeight) as tf.Tensor1D,
  };
  return nll(hidden_BTD, model.parameter('embed_tokens.weight'), targets);
}

/** A packed micro-batch as the model takes it: one row, positions and segments of its texts. */
export function inputsOf({
  tokens_T,
  positions_T,
  segments_T,
  parents,
}: Pick<MicroBatch, 'tokens_T' | 'positions_T' | 'segments_T'> & Partial<Pick<TreeBatch, 'parents'>>) {
  const T = tokens_T.length;
  return {
    tokens_BT: tf.tensor2d(tokens_T, [1, T], 'int32'),
    positions_BT: tf.tensor2d(positions_T, [1, T], 'int32'),
    segments_BT: tf.tensor2d(segments_T, [1, T], 'int32'),
    ...(parents ? { parents } : {}),
  };
}
