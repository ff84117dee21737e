/**
 * A linear probe: can a label be read off hidden states with one product? A softmax over one Dense layer, trained on some
 * questions and tried on others.
 *
 * Shape letters: S items for training, H items held out, D model, C classes.
 */
import * as tfl from '../../backend/layers.ts';
import * as tf from '../../backend/tfjs.ts';
import { poolStatistics } from '../../losses/index.ts';
import type { Matrix } from '../alignment/index.ts';

/**
 * Steps of Adam over all training items at once, its rate, and the weight of the squared weights in the loss. Standardised
 * inputs and weights that begin at 0 make these do for any layer and width: the loss is convex, and with more dimensions than
 * items it comes near 0 in a few dozen steps, where only the penalty chooses between the ways to get there.
 */
const [STEPS, RATE, L2] = [100, 0.01, 1e-3];

/** Items on the two sides of a split. */
export interface ProbeData {
  train: Matrix;
  /** Index of each training item's class. */
  labels: readonly number[];
  test: Matrix;
  classes: number;
}

/**
 * Trains a probe and returns the class it gives to each held-out item. Dimensions are put at mean 0 and deviation 1 by the
 * training items alone. There is no draw in it: full batches from weights of 0, so that it says the same each time.
 */
export async function probe({ train, labels, test, classes: C }: ProbeData): Promise<number[]> {
  const scale = standardizer(train);
  const [x_SD, held_HD] = [scale(train), scale(test)];
  const y_SC = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([...labels], 'int32'), C), 'float32'));
  const optimizer = tf.train.adam(RATE);
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({
        ...{ units: C, inputShape: [train.columns], activation: 'softmax' },
        kernelInitializer: 'zeros',
        kernelRegularizer: tfl.regularizers.l2({ l2: L2 }),
      }),
    ],
  });
  try {
    model.compile({ optimizer, loss: 'categoricalCrossentropy' });
    await model.fit(x_SD, y_SC, {
      ...{ epochs: STEPS, batchSize: train.rows, shuffle: false, verbose: 0 },
      yieldEvery: 'never',
    });
    return tf.tidy(() => {
      const found_HC = model.predict(held_HD, { batchSize: test.rows }) as tf.Tensor;
      return [...(tf.argMax(found_HC, 1).dataSync() as Int32Array)];
    });
  } finally {
    model.dispose();
    optimizer.dispose();
    tf.dispose([x_SD, held_HD, y_SC]);
  }
}

/** Puts rows at the mean and deviation of `train`, as a tensor. */
function standardizer({ rows, columns, values }: Matrix): (m: Matrix) => tf.Tensor2D {
  const vectors = Array.from({ length: rows }, (_, i) => values.subarray(i * columns, (i + 1) * columns));
  const { mean_D, std_D } = poolStatistics(vectors);
  return (m) => {
    const scaled = Float32Array.from(m.values, (value, at) => {
      const d = at % columns;
      return (value - mean_D[d]!) / std_D[d]!;
    });
    return tf.tensor2d(scaled, [m.rows, columns]);
  };
}
