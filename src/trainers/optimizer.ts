/** AdamW over all parameters of a model, with its state in files. */
import { type AdamWState, adamwStep, assignBytes, type Gradients, tensorBytes } from '../backend/index.ts';
import * as tf from '../backend/tfjs.ts';
import { UserError } from '../errors.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../model/files/index.ts';

/** torch.optim.AdamW's constants. */
export interface AdamWSettings {
  betas: [number, number];
  eps: number;
  /** Decoupled decay; only of matrices, as transformers' Trainer leaves norms out (`get_decay_parameter_names`). */
  weightDecay: number;
}

/** What one update needs beside gradients. */
export interface Update {
  lr: number;
  /** 1 for the first update of the run. */
  step: number;
  /** Factor on all gradients, from clipping. */
  gradientScale: number;
}

/** torch's names of the two moments, as they are in `optimizer.safetensors`. */
const MOMENTS = [
  ['m', 'exp_avg'],
  ['v', 'exp_avg_sq'],
] as const;

/** The moments of every parameter, zero to begin with. */
export class AdamW {
  private readonly states = new Map<string, AdamWState>();

  constructor(
    private readonly parameters: ReadonlyMap<string, tf.Variable>,
    private readonly settings: AdamWSettings,
  ) {
    for (const [name, parameter] of parameters)
      this.states.set(name, { m: zerosLike(parameter), v: zerosLike(parameter) });
  }

  /** Updates every parameter in place. */
  update(gradients: Gradients, { lr, step, gradientScale }: Update): void {
    const { betas, eps, weightDecay } = this.settings;
    for (const [name, parameter] of this.parameters) {
      adamwStep(parameter, gradients.get(name), this.states.get(name)!, {
        lr,
        beta1: betas[0],
        beta2: betas[1],
        eps,
        weightDecay: parameter.rank >= 2 ? weightDecay : 0,
        step,
        gradientScale,
      });
    }
  }

  /** Writes the moments, one tensor in memory at a time. */
  async save(path: string): Promise<void> {
    const tensors: TensorToWrite[] = [];
    for (const [name, state] of this.states) {
      for (const [moment, prefix] of MOMENTS) {
        const tensor = state[moment];
        tensors.push({
          name: `${prefix}.${name}`,
          dtype: 'F32',
          shape: tensor.shape,
          byteLength: tensor.size * 4,
          bytes: () => tensorBytes(tensor),
        });
      }
    }
    await writeSafetensors(path, tensors);
  }

  /** Reads the moments back, bit by bit. @throws UserError if the file does not hold those of these parameters. */
  async load(path: string): Promise<void> {
    const file = await openSafetensors(path);
    try {
      for (const [name, state] of this.states) {
        for (const [moment, prefix] of MOMENTS) {
          const found = file.tensors.get(`${prefix}.${name}`);
          const tensor = state[moment];
          if (found?.dtype !== 'F32' || !tf.util.arraysEqual([...found.shape], tensor.shape)) {
            const have = found ? `${found.dtype} [${found.shape}]` : 'nothing';
            const message = `${prefix}.${name} must be F32 [${tensor.shape}], found ${have}`;
            throw new UserError({ file: path, message });
          }
          assignBytes(tensor, await found.read(), 'F32');
        }
      }
    } finally {
      await file.close();
    }
  }

  dispose(): void {
    for (const { m, v } of this.states.values()) tf.dispose([m, v]);
    this.states.clear();
  }
}

/**
 * Factor that brings gradients of norm `norm` down to `maxNorm`: min(1, maxNorm / (norm + 1e-6)), as
 * torch.nn.utils.clip_grad_norm_ computes it.
 */
export function clipFactor(norm: number, maxNorm: number | null): number {
  return maxNorm === null ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
}

function zerosLike(parameter: tf.Variable): tf.Variable {
  const zeros = tf.zeros(parameter.shape);
  const variable = tf.variable(zeros, false);
  zeros.dispose();
  return variable;
}
