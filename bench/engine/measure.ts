/** The measurements themselves, on whichever backend of TensorFlow.js has been started. */
import { adamwStep, Gradients, linearCrossEntropy } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { parseConfig } from '../../src/model/config.ts';
import { createGemma3 } from '../../src/model/index.ts';
import { bestSeconds, resetPeakMemory, residentMemory } from '../harness.ts';
import { randomTensor } from '../random-tensor.ts';
import { type Answer, REPEATS, type Request } from './request.ts';

/** Hidden size of Gemma 3 270M. */
const D = 640;

export function measure(request: Request): Promise<Answer> {
  switch (request.item) {
    case 'matmul':
      return matmul(request.size);
    case 'block':
      return block(request.tokens);
    case 'cross_entropy':
      return crossEntropy(request.rows, request.vocabulary);
    case 'adamw':
      return adamw(request.size);
    case 'small_ops':
      return smallOps(request.count);
  }
}

async function matmul(size: number): Promise<Answer> {
  const [a, b] = [randomTensor<tf.Tensor2D>([size, size]), randomTensor<tf.Tensor2D>([size, size])];
  const seconds = await bestSeconds(REPEATS.matmul, () => tf.matMul(a, b).dispose());
  tf.dispose([a, b]);
  return { seconds };
}

/** One layer in the shapes of Gemma 3 270M between an embedding and the last norm, forward and backward. */
async function block(tokens: number): Promise<Answer> {
  const config = parseConfig(
    {
      model_type: 'gemma3_text',
      vocab_size: 256,
      hidden_size: D,
      intermediate_size: 2048,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 1,
      head_dim: 256,
      query_pre_attn_scalar: 256,
      sliding_window: 512,
    },
    'bench',
  );
  const model = createGemma3(config, 1);
  const gradients = new Gradients(model.parameters);
  const ids = Array.from({ length: tokens }, (_, i) => (i * 101) % 256);
  const tokens_BT = tf.tensor2d(ids, [1, tokens], 'int32');
  const seconds = await bestSeconds(REPEATS.block, () => {
    gradients.zero();
    gradients.accumulate(() => tf.sum(model.forward({ tokens_BT }).hidden_BTD));
  });
  tokens_BT.dispose();
  gradients.dispose();
  model.dispose();
  return { seconds };
}

/** The gradients of both inputs, the weight's added to what is there, as between the micro-batches of a step. */
async function crossEntropy(numRows: number, vocabulary: number): Promise<Answer> {
  const hidden_RD = variable<tf.Tensor2D>([numRows, D]);
  const weight_VD = variable<tf.Tensor2D>([vocabulary, D], 0.02);
  const labels = Array.from({ length: numRows }, (_, i) => (i * 7919) % vocabulary);
  const labels_R = tf.tensor1d(labels, 'int32');
  const weights_R = tf.fill([numRows], 1 / numRows) as tf.Tensor1D;
  const parameters = new Map<string, tf.Variable>([
    ['hidden', hidden_RD],
    ['weight', weight_VD],
  ]);
  const gradients = new Gradients(parameters);
  const step = () => {
    gradients.accumulate(() => linearCrossEntropy(hidden_RD, weight_VD, labels_R, weights_R).loss);
  };
  resetPeakMemory();
  const before = residentMemory().now;
  step();
  const bytes = residentMemory().peak - before;
  const seconds = await bestSeconds(REPEATS.cross_entropy, step, false);
  gradients.dispose();
  tf.dispose([hidden_RD, weight_VD, labels_R, weights_R]);
  return { seconds, bytes };
}

async function adamw(size: number): Promise<Answer> {
  const [parameter, m, v] = [variable([size]), variable([size], 0), variable([size], 0)];
  const gradient = randomTensor([size]);
  const hyper = { lr: 1e-5, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01, gradientScale: 1 };
  let step = 0;
  const seconds = await bestSeconds(REPEATS.adamw, () => {
    step++;
    adamwStep(parameter, gradient, { m, v }, { ...hyper, step });
  });
  tf.dispose([parameter, m, v, gradient]);
  return { seconds };
}

/** A chain of additions, each freed as soon as the next is there. */
async function smallOps(count: number): Promise<Answer> {
  const [x, y] = [randomTensor([4]), randomTensor([4])];
  const seconds = await bestSeconds(REPEATS.small_ops, () => {
    let z = x;
    for (let i = 0; i < count; i++) {
      const next = tf.add(z, y);
      if (z !== x) z.dispose();
      z = next;
    }
    z.dataSync();
    z.dispose();
  });
  tf.dispose([x, y]);
  return { seconds };
}

function variable<T extends tf.Tensor>(shape: number[], deviation = 1): tf.Variable & T {
  return tf.tidy(() => tf.variable(randomTensor<T>(shape, deviation))) as unknown as tf.Variable & T;
}
