export { createOptimizer, optimizerBytes } from './create.ts';
export type { Optimizer, Update } from './optimizer.ts';
export { loadState, saveState } from './state-file.ts';
