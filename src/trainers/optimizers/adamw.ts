/** AdamW over all parameters of a model. */
import { type AdamWState, adamwStep, type Gradients, zeroState } from '../../backend/index.ts';
import type * as tf from '../../backend/tfjs.ts';
import type { Optimizer, Update } from './optimizer.ts';
import type { Roundings } from './roundings.ts';

/** torch.optim.AdamW's constants. */
export interface AdamWSettings {
  betas: [number, number];
  eps: number;
  /** Decoupled decay; only of matrices, as transformers' Trainer leaves norms out (`get_decay_parameter_names`). */
  weightDecay: number;
}

export class AdamW implements Optimizer {
  /** torch's names of the two moments, and a parameter's after them. */
  readonly state = new Map<string, tf.Variable>();
  readonly updates = new Map<string, number>();
  private readonly moments = new Map<string, AdamWState>();

  constructor(
    private readonly parameters: ReadonlyMap<string, tf.Variable>,
    private readonly settings: AdamWSettings,
    private readonly rounding: Roundings,
  ) {
    for (const [name, { shape }] of parameters) {
      const moment = (of: string) => {
        const variable = zeroState(shape, `${of} of ${name}`);
        this.state.set(`${of}.${name}`, variable);
        return variable;
      };
      this.moments.set(name, { m: moment('exp_avg'), v: moment('exp_avg_sq') });
    }
    for (const [name, master] of rounding.masters) this.state.set(name, master);
    for (const name of parameters.keys()) this.updates.set(name, 0);
  }

  update(gradients: Gradients, { lr, step, gradientScale }: Update): void {
    const { betas, eps, weightDecay } = this.settings;
    for (const [name, parameter] of this.parameters) {
      if (!gradients.has(name)) continue;
      const update = this.updates.get(name)! + 1;
      this.updates.set(name, update);
      adamwStep(
        parameter,
        gradients.get(name),
        this.moments.get(name)!,
        {
          lr,
          beta1: betas[0],
          beta2: betas[1],
          eps,
          weightDecay: parameter.rank >= 2 ? weightDecay : 0,
          step: update,
          gradientScale,
        },
        this.rounding.of(name, step),
      );
    }
  }
}
