/**
 * MIDALIGN's loss, InfoNCE on pooled hidden states of translations (Liu & Niehues 2025; the paper's equation 1): each
 * sentence is to be nearer to its own translation than to those of the other sentences of the batch.
 *
 * Negatives are those of the whole batch, however it is split. A batch too large for memory goes in three passes
 * (GradCache): pooled vectors of every micro-batch without a gradient, `infoNceGradients` of them all, and `surrogate`
 * of each micro-batch, pooled again with a gradient.
 *
 * Shape letters: S sentences of the batch, D model.
 */
import { unrecorded } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';
import { exactProduct } from './exact-product.ts';

/** Who looks for whom: the anchors' candidates are all sentences of the other side. */
export type Direction = 'xx_to_en' | 'en_to_xx' | 'symmetric';

/** How cosines become a loss. */
export interface InfoNceOptions {
  /** What cosines are divided by; the official code's script has 0.1, the paper shows none (1). */
  temperature: number;
  /** The official code has `xx_to_en`; `symmetric` is the mean of both. */
  direction: Direction;
  /** Does English stay where it is, without a gradient? */
  detachEnglish: boolean;
}

/** Length below which a vector counts as this long (torch.nn.functional.cosine_similarity). */
const SHORTEST = 1e-8;

/**
 * The mean over S of -log softmax(cos / temperature) at the own translation, in nats, fp32.
 *
 * @param en_SD row s translates row s of `xx_SD`.
 * @throws Error for a batch of one, which has nothing to tell its sentence from
 */
export function infoNce(xx_SD: tf.Tensor2D, en_SD: tf.Tensor2D, options: InfoNceOptions): tf.Scalar {
  const { temperature, direction, detachEnglish } = options;
  const [S] = xx_SD.shape;
  if (!tf.util.arraysEqual(xx_SD.shape, en_SD.shape))
    throw new Error(`sentences of shapes ${xx_SD.shape} and ${en_SD.shape} are not pairs`);
  if (S < 2)
    throw new Error('InfoNCE needs at least 2 sentence pairs in a batch: the others are the negatives');
  const english = detachEnglish ? unrecorded(() => tf.clone(en_SD)) : en_SD;
  const logits = tf.div(exactProduct(unit(xx_SD), unit(english)), temperature) as tf.Tensor2D;
  const toEnglish = () => ownNll(logits);
  const fromEnglish = () => ownNll(tf.transpose(logits));
  if (direction === 'xx_to_en') return toEnglish();
  if (direction === 'en_to_xx') return fromEnglish();
  return tf.mul(tf.add(toEnglish(), fromEnglish()), 0.5);
}

/** Loss of a batch, and its gradient to each pooled vector. */
export interface InfoNceGradients {
  loss: number;
  dxx_SD: tf.Tensor2D;
  /** null where English is detached: its sentences need no second pass. */
  den_SD: tf.Tensor2D | null;
}

/** The second pass of a batch that is split: the loss of all S pairs and what each pooled vector has to do with it. */
export function infoNceGradients(
  xx_SD: tf.Tensor2D,
  en_SD: tf.Tensor2D,
  options: InfoNceOptions,
): InfoNceGradients {
  if (options.detachEnglish) {
    const { value, grad } = tf.valueAndGrad((xx) => infoNce(xx as tf.Tensor2D, en_SD, options))(xx_SD);
    return { loss: taken(value), dxx_SD: grad as tf.Tensor2D, den_SD: null };
  }
  const { value, grads } = tf.valueAndGrads((xx: tf.Tensor, en: tf.Tensor) =>
    infoNce(xx as tf.Tensor2D, en as tf.Tensor2D, options),
  )([xx_SD, en_SD]);
  return { loss: taken(value), dxx_SD: grads[0] as tf.Tensor2D, den_SD: grads[1] as tf.Tensor2D };
}

/**
 * A scalar whose gradient to the pooled vectors of a micro-batch is the one given.
 *
 * @param gradient_MD the rows of `infoNceGradients` that belong to this micro-batch.
 * @param value what the scalar is to be: the micro-batch's share of the loss, so that the shares add up to it.
 */
export function surrogate(pooled_MD: tf.Tensor2D, gradient_MD: tf.Tensor2D, value = 0): tf.Scalar {
  const product = tf.sum(tf.mul(pooled_MD, gradient_MD)) as tf.Scalar;
  return tf.add(
    tf.sub(
      product,
      unrecorded(() => tf.clone(product)),
    ),
    value,
  );
}

/** Rows over their lengths. */
function unit(x_SD: tf.Tensor2D): tf.Tensor2D {
  // Bounded before the root, whose slope at 0 is infinite.
  return tf.mul(x_SD, tf.rsqrt(tf.maximum(tf.sum(tf.square(x_SD), 1, true), SHORTEST ** 2)));
}

/** The mean of -log softmax of every row at its own column. */
function ownNll(logits_SS: tf.Tensor2D): tf.Scalar {
  const [S] = logits_SS.shape;
  return tf.neg(tf.div(tf.sum(tf.mul(tf.logSoftmax(logits_SS, 1), tf.eye(S))), S));
}

function taken(value: tf.Tensor): number {
  const loss = value.dataSync()[0]!;
  value.dispose();
  return loss;
}
