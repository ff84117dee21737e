/** Adafactor over all parameters of a model: its state is a few rows and columns. */
import { type AdafactorState, adafactorStep, type Gradients, zeroState } from '../../backend/index.ts';
import type * as tf from '../../backend/tfjs.ts';
import type { Optimizer, Update } from './optimizer.ts';
import type { Roundings } from './roundings.ts';

/** transformers' constants, by its names. */
export interface AdafactorSettings {
  /** Only of matrices, as for AdamW. */
  weightDecay: number;
  adafactor: {
    decayRate: number;
    eps: [number, number];
    clipThreshold: number;
    scaleParameter: boolean;
  };
}

export class Adafactor implements Optimizer {
  /** transformers' names of the running means, and a parameter's after them. */
  readonly state = new Map<string, tf.Variable>();
  readonly updates = new Map<string, number>();
  private readonly means = new Map<string, AdafactorState>();

  constructor(
    private readonly parameters: ReadonlyMap<string, tf.Variable>,
    private readonly settings: AdafactorSettings,
    private readonly rounding: Roundings,
  ) {
    for (const [name, { shape }] of parameters) {
      const mean = (of: string, size: readonly number[]) => {
        const variable = zeroState(size, `${of} of ${name}`);
        this.state.set(`${of}.${name}`, variable);
        return variable;
      };
      const [rows, columns] = shape as [number, number?];
      this.means.set(
        name,
        shape.length === 2
          ? { row: mean('exp_avg_sq_row', [rows]), column: mean('exp_avg_sq_col', [columns!]) }
          : { row: mean('exp_avg_sq', shape), column: undefined },
      );
    }
    for (const [name, master] of rounding.masters) this.state.set(name, master);
    for (const name of parameters.keys()) this.updates.set(name, 0);
  }

  update(gradients: Gradients, { lr, step, gradientScale }: Update): void {
    const { weightDecay, adafactor } = this.settings;
    for (const [name, parameter] of this.parameters) {
      if (!gradients.has(name)) continue;
      const update = this.updates.get(name)! + 1;
      this.updates.set(name, update);
      adafactorStep(
        parameter,
        gradients.get(name),
        this.means.get(name)!,
        {
          lr,
          beta2: 1 - update ** adafactor.decayRate,
          eps: adafactor.eps[0],
          epsScale: adafactor.eps[1],
          clipThreshold: adafactor.clipThreshold,
          weightDecay: parameter.rank >= 2 ? weightDecay : 0,
          gradientScale,
          scaleParameter: adafactor.scaleParameter,
        },
        this.rounding.of(name, step),
      );
    }
  }
}
