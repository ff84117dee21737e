/** What the training loop asks of an optimizer. */
import type { Gradients } from '../../backend/index.ts';
import type * as tf from '../../backend/tfjs.ts';

/** What one update needs beside gradients. */
export interface Update {
  lr: number;
  /** 1 for the first update of the run. */
  step: number;
  /** Factor on all gradients, from clipping. */
  gradientScale: number;
}

export interface Optimizer {
  /** Updates in place every parameter that has a gradient; the others stay as they are, as in PyTorch. */
  update(gradients: Gradients, update: Update): void;
  /** Updates that each parameter has had: what corrects the bias of its running means. */
  readonly updates: Map<string, number>;
  /** Its state by the names it has in `optimizer.safetensors`, all of it fp32. */
  readonly state: ReadonlyMap<string, tf.Variable>;
}
