/** Whether the optimizer's file in a checkpoint is one that the run can go on with. */
import { dirname } from 'node:path';
import { type Gemma3Config, parameterShapes } from '../model/index.ts';
import { type SavedRecipe, type TrainerState, trainerPaths } from '../runs/index.ts';
import { checkState, stateShapes } from './optimizers/index.ts';
import { trainedParameters } from './trained.ts';

/** Holds the file to the optimizer that the checkpoint names. @throws UserError if it has other tensors, or is cut */
export async function checkOptimizer(path: string, state: TrainerState, config: Gemma3Config): Promise<void> {
  const { train, backend } = state.recipe as SavedRecipe;
  const optimizer = { name: train.optimizer.name, bf16Weights: train.optimizer.bf16_weights };
  const own = new Map(Object.entries(state.own ?? {}));
  const trained = trainedParameters(
    { train: { parameters: train.parameters ?? 'all' } },
    parameterShapes(config),
  );
  const shapes = stateShapes(optimizer, new Map([...trained, ...own]), backend.storage === 'bfloat16');
  await checkState(shapes, path);
  if (own.size > 0) await checkState(own, trainerPaths(dirname(dirname(path))).own);
}
