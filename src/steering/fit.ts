/** May a vector be added to the hidden states of a model? */
import { type Problem, UserError } from '../errors.ts';
import type { SteeringStep, SteeringVector } from './vector.ts';

/** The model that is to be steered. */
export interface SteeredModel {
  name: string;
  config: { numHiddenLayers: number; hiddenSize: number };
  /** `weightsIdentity`; undefined leaves them out of the question. */
  weights?: string;
}

/**
 * Refuses vectors of a model of another depth or width, layers that it does not have, and gammas that are no numbers. Vectors
 * of other weights are refused as well, unless `model.weights` is left out: aligned checkpoints are steered by those of the model
 * that they began as on purpose, and only then.
 *
 * @throws UserError with all that does not fit
 */
export function requireFit(steps: readonly SteeringStep[], model: SteeredModel): void {
  const problems: Problem[] = [];
  for (const { vector, layer, gamma } of steps) {
    const { numHiddenLayers: L } = model.config;
    const other = misfit(vector, model);
    if (other !== undefined) problems.push({ message: other });
    else if (!(Number.isInteger(layer) && layer >= 0 && layer < L))
      problems.push({ message: `there is no layer ${layer}: ${model.name} has ${L}, 0 to ${L - 1}` });
    if (!Number.isFinite(gamma)) problems.push({ message: `gamma must be a number, found ${gamma}` });
  }
  if (problems.length > 0) throw new UserError(problems);
}

function misfit({ facts }: SteeringVector, { name, config, weights }: SteeredModel): string | undefined {
  const { num_hidden_layers: L, hidden_size: D } = facts.model;
  const shape = (layers: number, width: number) => `${layers} blocks of width ${width}`;
  if (L !== config.numHiddenLayers || D !== config.hiddenSize)
    return `the ${facts.kind} vector is of ${facts.model.name}, ${shape(L, D)}, and ${name} has ${shape(config.numHiddenLayers, config.hiddenSize)}`;
  if (weights !== undefined && weights !== facts.model.weights)
    return `the ${facts.kind} vector was taken from ${facts.model.name}, and ${name} has other weights; extract one of its own, or steer it all the same with --steer-any-weights`;
  return undefined;
}
