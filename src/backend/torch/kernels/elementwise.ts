/** Elementwise kernels of TensorFlow.js, by table: their name there, their name in the addon, the dtype of the result. */
import * as tf from '../../tfjs.ts';
import { addon, type BinaryName, type Handle, readShape, type UnaryName, writeShape } from '../addon.ts';
import { kernel, withView } from '../register.ts';

type One = { x: tf.TensorInfo };
type Two = { a: tf.TensorInfo; b: tf.TensorInfo };
type BatchNorm = {
  x: tf.TensorInfo;
  mean: tf.TensorInfo;
  variance: tf.TensorInfo;
  scale?: tf.TensorInfo;
  offset?: tf.TensorInfo;
};

/** 'float32' results whatever goes in; 'same' keeps the dtype; 'bool' is a question. */
const UNARY: Record<string, [UnaryName, 'float32' | 'same' | 'bool']> = {
  Abs: ['abs', 'same'],
  Acos: ['acos', 'float32'],
  Acosh: ['acosh', 'float32'],
  Asin: ['asin', 'float32'],
  Asinh: ['asinh', 'float32'],
  Atan: ['atan', 'float32'],
  Atanh: ['atanh', 'float32'],
  Ceil: ['ceil', 'same'],
  Cos: ['cos', 'float32'],
  Cosh: ['cosh', 'float32'],
  Elu: ['elu', 'float32'],
  Erf: ['erf', 'float32'],
  Exp: ['exp', 'float32'],
  Expm1: ['expm1', 'float32'],
  Floor: ['floor', 'same'],
  IsFinite: ['isFinite', 'bool'],
  IsInf: ['isInf', 'bool'],
  IsNan: ['isNan', 'bool'],
  Log: ['log', 'float32'],
  Log1p: ['log1p', 'float32'],
  LogicalNot: ['logicalNot', 'bool'],
  Neg: ['neg', 'same'],
  OnesLike: ['onesLike', 'same'],
  Reciprocal: ['reciprocal', 'float32'],
  Relu: ['relu', 'same'],
  Relu6: ['relu6', 'same'],
  Round: ['round', 'same'],
  Rsqrt: ['rsqrt', 'float32'],
  Selu: ['selu', 'float32'],
  Sigmoid: ['sigmoid', 'float32'],
  Sign: ['sign', 'same'],
  Sin: ['sin', 'float32'],
  Sinh: ['sinh', 'float32'],
  Softplus: ['softplus', 'float32'],
  Sqrt: ['sqrt', 'float32'],
  Square: ['square', 'same'],
  Tan: ['tan', 'float32'],
  Tanh: ['tanh', 'float32'],
  ZerosLike: ['zerosLike', 'same'],
};

const ARITHMETIC: Record<string, BinaryName> = {
  Add: 'add',
  Atan2: 'atan2',
  FloorDiv: 'floorDivide',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'mod',
  Multiply: 'multiply',
  Pow: 'pow',
  RealDiv: 'divide',
  SquaredDifference: 'squaredDifference',
  Sub: 'sub',
};

const COMPARISON: Record<string, BinaryName> = {
  Equal: 'equal',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  LogicalAnd: 'logicalAnd',
  LogicalOr: 'logicalOr',
  NotEqual: 'notEqual',
};

export function registerElementwise(): void {
  for (const [name, [call, result]] of Object.entries(UNARY)) {
    kernel<One>(name, ({ x }, _, backend) => {
      const handle = addon()[call](backend.handle(x));
      return backend.wrap(handle, result === 'same' ? x.dtype : result, x.shape);
    });
  }
  for (const [name, call] of Object.entries(ARITHMETIC)) {
    kernel<Two>(name, ({ a, b }, _, backend) => {
      const dtype = a.dtype === b.dtype ? a.dtype : tf.upcastType(a.dtype, b.dtype);
      return backend.wrap(addon()[call](backend.handle(a), backend.handle(b)), dtype);
    });
  }
  for (const [name, call] of Object.entries(COMPARISON)) {
    kernel<Two>(name, ({ a, b }, _, backend) =>
      backend.wrap(addon()[call](backend.handle(a), backend.handle(b)), 'bool'),
    );
  }
  kernel<{ alpha: tf.TensorInfo; x: tf.TensorInfo }>('Prelu', ({ x, alpha }, _, backend) =>
    backend.wrap(addon().prelu(backend.handle(x), backend.handle(alpha)), 'float32'),
  );
  kernel<{ dy: tf.TensorInfo; y: tf.TensorInfo }>('EluGrad', ({ dy, y }, _, backend) =>
    backend.wrap(addon().eluGrad(backend.handle(dy), backend.handle(y)), 'float32'),
  );
  kernel<One, { alpha: number }>('LeakyRelu', ({ x }, { alpha }, backend) =>
    backend.wrap(addon().leakyRelu(backend.handle(x), alpha), 'float32', x.shape),
  );
  kernel<One, { clipValueMin: number; clipValueMax: number }>('ClipByValue', ({ x }, attrs, backend) =>
    backend.wrap(addon().clip(backend.handle(x), attrs.clipValueMin, attrs.clipValueMax), x.dtype, x.shape),
  );
  kernel<One, { alpha: number }>('Step', ({ x }, { alpha }, backend) =>
    backend.wrap(addon().step(backend.handle(x), alpha), x.dtype, x.shape),
  );
  kernel<tf.NamedTensorInfoMap>('AddN', (inputs, _, backend) => {
    const [first, ...rest] = Object.values(inputs);
    let sum = addon().copy(backend.handle(first!));
    for (const next of rest) {
      const more = addon().add(sum, backend.handle(next!));
      addon().free(sum);
      sum = more;
    }
    return backend.wrap(sum, first!.dtype, first!.shape);
  });
  // tfjs-layers' LayerNormalization calls it, too.
  kernel<BatchNorm, { varianceEpsilon: number }>('FusedBatchNorm', (inputs, { varianceEpsilon }, backend) => {
    const { x, mean, variance, scale, offset } = inputs;
    const optional = (tensor?: tf.TensorInfo) => (tensor ? backend.handle(tensor) : -1);
    const [h, m, v] = [x, mean, variance].map((tensor) => backend.handle(tensor)) as [Handle, Handle, Handle];
    const y = addon().batchNorm(h, m, v, optional(scale), optional(offset), varianceEpsilon);
    return backend.wrap(y, 'float32', x.shape);
  });
  kernel<{ condition: tf.TensorInfo; t: tf.TensorInfo; e: tf.TensorInfo }>(
    'Select',
    ({ condition, t, e }, _, backend) => {
      const dtype = tf.upcastType(t.dtype, e.dtype);
      const choose = (mask: number) => addon().select(mask, backend.handle(t), backend.handle(e));
      // A one-dimensional condition chooses whole rows.
      if (condition.shape.length === 1 && t.shape.length > 1) {
        const mask = backend.handle(condition);
        writeShape([condition.shape[0]!, ...t.shape.slice(1).map(() => 1)]);
        const chosen = withView(addon().reshape(mask), choose);
        return backend.wrap(chosen, dtype, readShape());
      }
      return backend.wrap(choose(backend.handle(condition)), dtype);
    },
  );
}
