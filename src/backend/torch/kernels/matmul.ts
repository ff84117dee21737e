/** Products of matrices. Which library and compute type they use is the addon's business (native/matmul.cc). */
import * as tf from '../../tfjs.ts';
import { addon, type UnaryName } from '../addon.ts';
import type { TorchBackend } from '../backend.ts';
import { kernel } from '../register.ts';

interface Transposes {
  transposeA: boolean;
  transposeB: boolean;
}

function matmul(
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  { transposeA, transposeB }: Transposes,
  backend: TorchBackend,
): tf.TensorInfo {
  const handle = addon().matmul(backend.handle(a), backend.handle(b), transposeA ? 1 : 0, transposeB ? 1 : 0);
  return backend.wrap(handle, tf.upcastType(a.dtype, b.dtype));
}

const ACTIVATIONS: Record<string, UnaryName> = {
  relu: 'relu',
  relu6: 'relu6',
  elu: 'elu',
  sigmoid: 'sigmoid',
};

export function registerMatmul(): void {
  kernel<{ a: tf.TensorInfo; b: tf.TensorInfo }, Transposes>('BatchMatMul', ({ a, b }, attrs, backend) => {
    const innerA = a.shape.at(attrs.transposeA ? -2 : -1);
    const innerB = b.shape.at(attrs.transposeB ? -1 : -2);
    tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
    tf.util.assert(
      innerA === innerB,
      () =>
        `Error in matMul: inner shapes (${innerA}) and (${innerB}) of Tensors with shapes ${a.shape} and ` +
        `${b.shape} and transposeA=${attrs.transposeA} and transposeB=${attrs.transposeB} must match.`,
    );
    return matmul(a, b, attrs, backend);
  });

  kernel<
    { a: tf.TensorInfo; b: tf.TensorInfo; bias?: tf.TensorInfo; preluActivationWeights?: tf.TensorInfo },
    Transposes & { activation?: string; leakyreluAlpha?: number }
  >('_FusedMatMul', ({ a, b, bias, preluActivationWeights }, attrs, backend) => {
    let y = matmul(a, b, attrs, backend);
    const replace = (handle: number) => {
      backend.disposeInfo(y);
      y = backend.wrap(handle, 'float32', y.shape);
    };
    if (bias) replace(addon().add(backend.handle(y), backend.handle(bias)));
    const { activation } = attrs;
    if (activation === 'leakyrelu')
      replace(addon().leakyRelu(backend.handle(y), attrs.leakyreluAlpha ?? 0.2));
    else if (activation === 'prelu')
      replace(addon().prelu(backend.handle(y), backend.handle(preluActivationWeights!)));
    else if (activation && activation !== 'linear') {
      const call = ACTIVATIONS[activation];
      if (!call)
        throw new Error(`activation ${activation} is not one of ${Object.keys(ACTIVATIONS).join(', ')}`);
      replace(addon()[call](backend.handle(y)));
    }
    return y;
  });
}
