/** The gradients of a set of parameters, collected over the micro-batches of one optimizer step. */

import { accumulateGradients } from './gradients.ts';
import { setZero, sumOfSquares } from './ops/inPlace.ts';
import { zeroState } from './parameters.ts';
import type * as tf from './tfjs.ts';

export class Gradients {
  private readonly byName = new Map<string, tf.Variable>();
  private readonly used = new Set<string>();

  /** One zero tensor for each parameter. */
  constructor(private readonly parameters: ReadonlyMap<string, tf.Variable>) {
    for (const [name, { shape }] of parameters)
      this.byName.set(name, zeroState(shape, `gradient of ${name}`));
  }

  /** Adds the gradients of the scalar f() and returns its value. */
  accumulate(f: () => tf.Scalar): number {
    return accumulateGradients(f, this.parameters, this.byName, (name) => this.used.add(name));
  }

  get(name: string): tf.Tensor {
    const gradient = this.byName.get(name);
    if (!gradient) throw new Error(`no gradient for ${name}`);
    return gradient;
  }

  /** Has anything that was accumulated since they were zero used the parameter? If not, it has no gradient. */
  has(name: string): boolean {
    return this.used.has(name);
  }

  zero(): void {
    this.used.clear();
    for (const gradient of this.byName.values()) setZero(gradient);
  }

  /** Euclidean norm over all of them (torch.nn.utils.clip_grad_norm_: total norm). */
  globalNorm(): number {
    let sum = 0;
    for (const gradient of this.byName.values()) sum += sumOfSquares(gradient);
    return Math.sqrt(sum);
  }

  dispose(): void {
    for (const gradient of this.byName.values()) gradient.dispose();
    this.byName.clear();
  }
}
