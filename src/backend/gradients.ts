/**
 * The backward walk of TensorFlow.js, replaced by one that frees as it goes, nests, and adds into accumulators.
 *
 * tfjs-core 4.22.0 keeps every saved tensor and every intermediate gradient until the whole walk is over, and a
 * gradient taken inside a gradient function (recomputation) loses the outer tape. This walk releases both as soon as
 * they are used, restores the tape, and lets a parameter's gradient be added into a tensor the caller owns.
 *
 * Checked by tfjs-core's own gradient specs (`npm run specs`). It touches private state of the engine, so tfjs-core
 * is pinned to 4.22.0.
 */

import { addInto } from './ops/inPlace.ts';
import * as tf from './tfjs.ts';

interface TapeNode {
  id: number;
  kernelName: string;
  outputs: tf.Tensor[];
  inputs: Record<string, tf.Tensor | undefined>;
  saved: tf.Tensor[];
  gradient?: (dys: Array<tf.Tensor | null>) => Record<string, InputGradient>;
}

/**
 * The gradient of one input of a kernel. Called with the tensor the caller accumulates into, when there is one: it may
 * add its gradient there itself and return that very tensor, or null when the forward pass already has.
 */
export type InputGradient = (into?: tf.Variable) => tf.Tensor | null;

interface EngineState {
  activeTape: TapeNode[] | null;
  gradientDepth: number;
  kernelDepth: number;
}

interface Engine {
  state: EngineState;
  scopedRun<T>(start: () => void, end: () => void, run: () => T): T;
  startTape(): void;
  endTape(): void;
  isTapeOn(): boolean;
  tidy<T>(nameOrRun: string | (() => T), run?: () => T): T;
  gradients: (
    f: () => tf.Tensor,
    xs: tf.Tensor[],
    dy?: tf.Tensor | null,
    allowNoGradients?: boolean,
  ) => Walked;
}

interface Walked {
  value: tf.Tensor;
  grads: tf.Tensor[];
}

function engine(): Engine {
  return tf.engine() as unknown as Engine;
}

/** Kernels whose gradient functions never read the gradient of an output that had none. */
const ignoresMissing = new Set<string>();
let accumulators: ReadonlyMap<number, tf.Variable> | undefined;

/** Declares that a kernel's gradient function reads only the gradient of its first output. */
export function readsOnlyFirstGradient(kernelName: string): void {
  ignoresMissing.add(kernelName);
}

/** True while operations are being recorded for a gradient. */
export function isRecording(): boolean {
  return engine().isTapeOn();
}

/** f() without recording it: its results are constants to the gradient that is being taken, if any is. */
export function unrecorded<T>(f: () => T): T {
  const { state } = engine();
  // What runs inside of a kernel is not recorded, since the kernel itself is.
  state.kernelDepth++;
  try {
    return f();
  } finally {
    state.kernelDepth--;
  }
}

/** While recording: is a gradient of `parameter` asked for? Under `accumulateGradients` only of what is collected. */
export function wantsGradient(parameter: tf.Tensor): boolean {
  return isRecording() && (accumulators === undefined || accumulators.has(parameter.id));
}

/** While recording under `accumulateGradients`: the tensor that collects the gradient of `parameter`, if any does. */
export function accumulatorOf(parameter: tf.Tensor): tf.Variable | undefined {
  return accumulators?.get(parameter.id);
}

/** Replaces the engine's walk. Idempotent. */
export function installGradients(): void {
  engine().gradients = walk;
}

/**
 * The value of `f`, a scalar, after adding its gradients into the tensors of `into`.
 *
 * @param parameters what the gradient is taken of; a parameter that `f` does not use is left alone.
 * @param into for each name of `parameters`, a variable of the same shape.
 * @param onUse hears of each parameter that `f` uses, once or more.
 */
export function accumulateGradients(
  f: () => tf.Scalar,
  parameters: ReadonlyMap<string, tf.Variable>,
  into: ReadonlyMap<string, tf.Variable>,
  onUse: (name: string) => void = () => {},
): number {
  const previous = accumulators;
  const byId = new Map<number, tf.Variable>();
  const names = new Map<number, string>();
  for (const [name, parameter] of parameters) {
    names.set(parameter.id, name);
    const target = into.get(name);
    if (!target) throw new Error(`no accumulator for ${name}`);
    byId.set(parameter.id, target);
  }
  accumulators = byId;
  try {
    return tf.tidy(
      () =>
        walk(f, [...parameters.values()], null, true, {
          byId,
          onUse: (id) => onUse(names.get(id)!),
        }).value.dataSync()[0]!,
    );
  } finally {
    accumulators = previous;
  }
}

/** Where gradients are collected. */
interface Into {
  /** By the id of the tensor whose gradient it is. */
  byId: ReadonlyMap<number, tf.Variable>;
  onUse(id: number): void;
}

/** The engine's `gradients`, same contract; what `into` names is added there and not returned. */
function walk(
  f: () => tf.Tensor,
  xs: tf.Tensor[],
  dy?: tf.Tensor | null,
  allowNoGradients = false,
  into?: Into,
): Walked {
  const { util } = tf;
  const self = engine();
  const { state } = self;
  util.assert(xs.length > 0, () => 'gradients() received an empty list of xs.');
  if (dy != null && dy.dtype !== 'float32')
    throw new Error(`dy must have 'float32' dtype, but has '${dy.dtype}'`);
  const outerTape = state.gradientDepth === 0 ? state.activeTape : null;
  const y = self.scopedRun(
    () => self.startTape(),
    () => self.endTape(),
    () => self.tidy('forward', f),
  );
  util.assert(y instanceof tf.Tensor, () => 'The result y returned by f() must be a tensor.');
  const tape = state.activeTape!;
  const outermost = state.gradientDepth === 0;
  const { used, fromX } = nodesBetween(tape, xs, y);
  if (!allowNoGradients && used.size === 0) {
    throw new Error(
      'Cannot compute gradient of y=f(x) with respect to x. Make sure that the f you passed encloses all operations ' +
        'that lead from x to y.',
    );
  }
  if (outermost) for (const node of tape) if (!used.has(node)) release(node);

  return self.tidy('backward', () => {
    const gradients = new GradientMap(dy ?? undefined, outermost);
    gradients.set(y.id, dy ?? tf.ones(y.shape));
    const kept = new Set(xs.map((x) => x.id));
    const absent = tf.scalar(0);
    for (let i = tape.length - 1; i >= 0; i--) {
      const node = tape[i]!;
      if (!used.has(node)) continue;
      if (!node.gradient) {
        throw new Error(`Cannot compute gradient: gradient function not found for ${node.kernelName}.`);
      }
      const missing = ignoresMissing.has(node.kernelName) ? absent : null;
      const dys = node.outputs.map((output) => gradients.get(output.id) ?? missing);
      self.tidy(() => backpropagate(node, dys, fromX, gradients, into));
      if (outermost) release(node);
      for (const output of node.outputs) if (!kept.has(output.id)) gradients.drop(output.id);
    }
    if (outermost) state.activeTape = outerTape;
    return { value: y, grads: xs.map((x) => gradients.get(x.id)!) };
  });
}

/** Runs one node's gradient function and adds its results to those of its inputs; returns what has to outlive the scope. */
function backpropagate(
  node: TapeNode,
  dys: Array<tf.Tensor | null>,
  fromX: ReadonlySet<number>,
  gradients: GradientMap,
  into: Into | undefined,
): tf.Tensor[] {
  const inputGradients = node.gradient!(dys);
  const results: tf.Tensor[] = [];
  for (const name of Object.keys(node.inputs)) {
    const x = node.inputs[name];
    if (!x || !fromX.has(x.id)) continue;
    if (!(name in inputGradients)) {
      throw new Error(
        `Cannot backprop through input ${name}. Available gradients found: ${Object.keys(inputGradients)}.`,
      );
    }
    const target = into?.byId.get(x.id);
    if (target) {
      into!.onUse(x.id);
      tf.tidy(() => {
        const dx = inputGradients[name]!(target);
        if (dx !== null && dx !== target) addInto(target, dx);
      });
      continue;
    }
    const dx = tf.tidy(() => inputGradients[name]!()!);
    checkGradient(node, name, x, dx);
    results.push(gradients.add(x.id, dx));
  }
  return results;
}

function checkGradient(node: TapeNode, name: string, x: tf.Tensor, dx: tf.Tensor): void {
  if (dx.dtype !== 'float32') {
    throw new Error(
      `Error in gradient for op ${node.kernelName}. The gradient of input ${name} must have 'float32' dtype, but has '${dx.dtype}'`,
    );
  }
  if (!tf.util.arraysEqual(dx.shape, x.shape)) {
    throw new Error(
      `Error in gradient for op ${node.kernelName}. The gradient of input '${name}' has shape '${dx.shape}', which does ` +
        `not match the shape of the input '${x.shape}'`,
    );
  }
}

function release(node: TapeNode): void {
  for (const tensor of node.saved) tensor.dispose();
  node.saved.length = 0;
}

/** The nodes on a path from `xs` to `y`, and the ids of every tensor that depends on `xs`. */
function nodesBetween(
  tape: TapeNode[],
  xs: tf.Tensor[],
  y: tf.Tensor,
): { used: Set<TapeNode>; fromX: Set<number> } {
  const fromX = new Set(xs.map((x) => x.id));
  const reached = new Set<TapeNode>();
  for (const node of tape) {
    if (Object.values(node.inputs).some((input) => input && fromX.has(input.id))) {
      for (const output of node.outputs) fromX.add(output.id);
      reached.add(node);
    }
  }
  const toY = new Set([y.id]);
  const used = new Set<TapeNode>();
  for (let i = tape.length - 1; i >= 0; i--) {
    const node = tape[i]!;
    if (!node.outputs.some((output) => toY.has(output.id))) continue;
    for (const input of Object.values(node.inputs)) if (input) toY.add(input.id);
    if (reached.has(node)) used.add(node);
  }
  return { used, fromX };
}

/** Gradients by tensor id; one gradient tensor may stand for several, and is freed when the last lets go of it. */
class GradientMap {
  private readonly map = new Map<number, tf.Tensor>();
  private readonly holders = new Map<number, number>();

  /** @param seed the caller's dy, never freed here. @param frees false while a higher-order gradient needs them all. */
  constructor(
    private readonly seed: tf.Tensor | undefined,
    private readonly frees: boolean,
  ) {}

  get(id: number): tf.Tensor | undefined {
    return this.map.get(id);
  }

  set(id: number, gradient: tf.Tensor): void {
    this.map.set(id, gradient);
    this.holders.set(gradient.id, (this.holders.get(gradient.id) ?? 0) + 1);
  }

  add(id: number, gradient: tf.Tensor): tf.Tensor {
    const before = this.map.get(id);
    const sum = before ? tf.add(before, gradient) : gradient;
    if (before) this.drop(id);
    this.set(id, sum);
    return sum;
  }

  drop(id: number): void {
    const gradient = this.map.get(id);
    if (!gradient) return;
    this.map.delete(id);
    const left = this.holders.get(gradient.id)! - 1;
    this.holders.set(gradient.id, left);
    if (left === 0 && this.frees && gradient !== this.seed) gradient.dispose();
  }
}
