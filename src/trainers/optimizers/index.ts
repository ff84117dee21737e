export { createOptimizer, optimizerBytes, stateShapes } from './create.ts';
export type { Optimizer, Update } from './optimizer.ts';
export { checkState, loadState, saveState } from './state-file.ts';
