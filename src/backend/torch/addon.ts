/**
 * The native addon as TypeScript sees it: kernels take and return handles of tensors that live in the addon's table.
 * Shapes cross over in one shared Int32Array (`scratch`): rank, then dims. native/isogloss.h is the other side.
 */
import { createRequire } from 'node:module';

export type Handle = number;

/** What a tensor is physically stored as; the order is the addon's code. */
export const STORAGE = ['float32', 'int32', 'bool', 'bfloat16', 'float16', 'float64'] as const;
export type Storage = (typeof STORAGE)[number];

/** The addon's code of a storage type. */
export function storageCode(storage: Storage): number {
  return STORAGE.indexOf(storage);
}

export type UnaryName =
  | 'abs'
  | 'acos'
  | 'acosh'
  | 'asin'
  | 'asinh'
  | 'atan'
  | 'atanh'
  | 'ceil'
  | 'cos'
  | 'cosh'
  | 'elu'
  | 'erf'
  | 'exp'
  | 'expm1'
  | 'floor'
  | 'isFinite'
  | 'isInf'
  | 'isNan'
  | 'log'
  | 'log1p'
  | 'logicalNot'
  | 'neg'
  | 'reciprocal'
  | 'relu'
  | 'relu6'
  | 'round'
  | 'rsqrt'
  | 'selu'
  | 'sigmoid'
  | 'sign'
  | 'sin'
  | 'sinh'
  | 'softplus'
  | 'sqrt'
  | 'square'
  | 'tan'
  | 'tanh'
  | 'onesLike'
  | 'zerosLike'
  | 'isPositive';
export type BinaryName =
  | 'add'
  | 'sub'
  | 'multiply'
  | 'divide'
  | 'maximum'
  | 'minimum'
  | 'pow'
  | 'atan2'
  | 'squaredDifference'
  | 'floorDivide'
  | 'mod'
  | 'prelu'
  | 'eluGrad'
  | 'greater'
  | 'greaterEqual'
  | 'less'
  | 'lessEqual'
  | 'equal'
  | 'notEqual'
  | 'logicalAnd'
  | 'logicalOr';
export type ReductionName = 'sum' | 'mean' | 'max' | 'min' | 'prod' | 'all' | 'any';
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array | Uint16Array;

type Unary = Record<UnaryName, (x: Handle) => Handle>;
type Binary = Record<BinaryName, (a: Handle, b: Handle) => Handle>;
type Reduction = Record<ReductionName, (x: Handle, axesMask: number, keepDims: number) => Handle>;

/** The functions of the addon; each throws what libtorch throws. Several results leave handles in scratch. */
export interface Addon extends Unary, Binary, Reduction {
  init(scratch: Int32Array): void;
  create(values: TypedArray, storage: number): Handle;
  empty(storage: number): Handle;
  writeBytes(x: Handle, first: number, fileStorage: number, bytes: Uint8Array): void;
  read(x: Handle, into: TypedArray): void;
  readBytes(x: Handle, first: number, fileStorage: number, into: Uint8Array): void;
  label(x: Handle, text: string): void;
  free(x: Handle): void;
  storage(x: Handle): number;
  copy(x: Handle): Handle;
  copyInto(target: Handle, source: Handle): void;
  addInPlace(target: Handle, source: Handle): void;
  zeroInPlace(x: Handle): void;
  reshape(x: Handle): Handle;
  transpose(x: Handle): Handle;
  broadcastTo(x: Handle): Handle;
  tile(x: Handle): Handle;
  reverse(x: Handle): Handle;
  fill(value: number, storage: number): Handle;
  range(start: number, step: number, count: number, storage: number): Handle;
  cast(x: Handle, storage: number): Handle;
  slice(x: Handle, strided: number): Handle;
  concat(axis: number): Handle;
  pad(x: Handle, value: number): Handle;
  gather(x: Handle, indices: Handle, axis: number, batchDims: number): Handle;
  embedding(table: Handle, ids: Handle, factor: number, storage: number): Handle;
  unsortedSegmentSum(x: Handle, ids: Handle, segments: number): Handle;
  scatterRows(rows: Handle, ids: Handle, into: Handle): void;
  oneHot(indices: Handle, depth: number, on: number, off: number, storage: number): Handle;
  leakyRelu(x: Handle, alpha: number): Handle;
  clip(x: Handle, low: number, high: number): Handle;
  step(x: Handle, alpha: number): Handle;
  batchNorm(x: Handle, mean: Handle, variance: Handle, scale: Handle, offset: Handle, eps: number): Handle;
  select(condition: Handle, t: Handle, e: Handle): Handle;
  argMax(x: Handle, axis: number): Handle;
  argMin(x: Handle, axis: number): Handle;
  softmax(x: Handle, axis: number): Handle;
  logSoftmax(x: Handle, axis: number): Handle;
  cumsum(x: Handle, axis: number, exclusive: number, reverse: number): Handle;
  topK(x: Handle, k: number): void;
  sumOfSquares(x: Handle): number;
  matmul(a: Handle, b: Handle, transposeA: number, transposeB: number): Handle;
  linearGrad(dy: Handle, x: Handle, into: Handle): void;
  rmsNorm(x: Handle, weight: Handle, residual: Handle, eps: number): void;
  rmsNormGrad(dy: Handle, x: Handle, weight: Handle, rstd: Handle): void;
  headNormRope(x: Handle, weight: Handle, cos: Handle, sin: Handle, eps: number): Handle;
  headNormRopeGrad(dy: Handle, x: Handle, weight: Handle, cos: Handle, sin: Handle, eps: number): void;
  geglu(gate: Handle, up: Handle): Handle;
  gegluGrad(dy: Handle, gate: Handle, up: Handle): void;
  attention(
    q: Handle,
    k: Handle,
    v: Handle,
    segments: Handle,
    window: number,
    scale: number,
    parents: Int32Array,
  ): void;
  attentionGrad(
    dout: Handle,
    q: Handle,
    k: Handle,
    v: Handle,
    out: Handle,
    lse: Handle,
    segments: Handle,
    window: number,
    scale: number,
    parents: Int32Array,
  ): void;
  appendCache(cache: Handle, fresh: Handle, starts: Handle, counts: Handle): void;
  cachedAttention(
    q: Handle,
    keys: Handle,
    values: Handle,
    starts: Handle,
    counts: Handle,
    window: number,
    scale: number,
  ): Handle;
  linearCrossEntropy(
    hidden: Handle,
    weight: Handle,
    labels: Handle,
    weights: Handle,
    vocabulary: number,
    wantHidden: number,
    wantWeight: number,
    into: Handle,
  ): void;
  adamw(
    p: Handle,
    g: Handle,
    m: Handle,
    v: Handle,
    master: Handle,
    roundingKey: number,
    lr: number,
    beta1: number,
    beta2: number,
    eps: number,
    weightDecay: number,
    step: number,
    gradientScale: number,
  ): void;
  adafactor(
    p: Handle,
    g: Handle,
    rows: Handle,
    columns: Handle,
    master: Handle,
    roundingKey: number,
    lr: number,
    beta2: number,
    eps: number,
    epsScale: number,
    clipThreshold: number,
    weightDecay: number,
    gradientScale: number,
    scaleParameter: number,
  ): void;
  memory(into: Float64Array): void;
  resetPeak(): void;
  memoryLimit(bytes: number): void;
  releaseCache(): void;
  setDevice(device: string): void;
  deviceCount(): number;
  synchronize(): void;
  setThreads(threads: number): number;
  setCompute(bfloat16: number): void;
  setLibrary(library: number): number;
  setTransposes(on: number): void;
  openOpenBlas(path: string): string;
  productTimes(into: Float64Array): void;
  probeMatmul(kind: number, m: number, k: number, n: number, seconds: number): number;
  cpuCapability(): string;
  buildConfig(): string;
}

/** First place of several results in `scratch` (native/isogloss.h: RESULTS). */
export const RESULTS = 128;
const SCRATCH_LENGTH = 4096;

/** Shapes going either way; rank first. */
export const scratch = new Int32Array(SCRATCH_LENGTH);

let loaded: Addon | undefined;

/**
 * How long libgomp's threads spin before they sleep, about 50 us. Its own default is fifteen times as long: where other
 * processes want the cores, small operations then take three times longer (2,700 against 770 tokens/s of the tiny model
 * beside two busy loops), and on an idle machine it gains at most a few percent.
 */
const SPIN_COUNT = '20000';

/** Loads the addon once a process. Throws what the loader throws (a wrong libtorch, a missing file). */
export function loadAddon(path: string): Addon {
  if (!loaded) {
    // Read by libgomp when it is loaded, so now or never.
    if (process.env.OMP_WAIT_POLICY === undefined) process.env.GOMP_SPINCOUNT ??= SPIN_COUNT;
    loaded = createRequire(import.meta.url)(path) as Addon;
    loaded.init(scratch);
  }
  return loaded;
}

/** The loaded addon. Throws when there is none: callers are reached only through the `torch` backend. */
export function addon(): Addon {
  if (!loaded) throw new Error('the native addon is not loaded');
  return loaded;
}

export function addonIsLoaded(): boolean {
  return loaded !== undefined;
}

/** Puts a shape (or any short list of integers) where the addon reads it. */
export function writeShape(shape: readonly number[]): void {
  scratch[0] = shape.length;
  for (let i = 0; i < shape.length; i++) scratch[1 + i] = shape[i]!;
}

/** The shape the last kernel left. */
export function readShape(): number[] {
  const rank = scratch[0]!;
  const shape = new Array<number>(rank);
  for (let i = 0; i < rank; i++) shape[i] = scratch[1 + i]!;
  return shape;
}
