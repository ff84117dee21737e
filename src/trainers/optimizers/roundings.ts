/** How parameters that are stored as bf16 are written back after an update. */
import { float32Copy, type Rounding, storageType } from '../../backend/index.ts';
import type * as tf from '../../backend/tfjs.ts';
import type { Recipe } from '../../recipe/index.ts';

/** For each parameter its master copy, or a key of stochastic rounding that is a function of (seed, step, name). */
export class Roundings {
  /** By the names they have in `optimizer.safetensors`; empty where there are none. */
  readonly masters = new Map<string, tf.Variable>();

  constructor(
    parameters: ReadonlyMap<string, tf.Variable>,
    how: Recipe['train']['optimizer']['bf16Weights'],
    private readonly seed: number,
  ) {
    if (storageType() !== 'bfloat16' || how !== 'master_copy') return;
    for (const [name, parameter] of parameters)
      this.masters.set(`master.${name}`, float32Copy(parameter, `master copy of ${name}`));
  }

  of(name: string, step: number): Rounding {
    return { master: this.masters.get(`master.${name}`), key: hash(`${this.seed} ${step} ${name}`) };
  }
}

/** FNV-1a, 32 bits, as int32. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}
