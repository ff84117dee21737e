/** What a program that imports isogloss may use. */
export {
  accumulateGradients,
  type BackendInfo,
  type BackendOptions,
  Gradients,
  memoryInfo,
  startBackend,
} from './backend/index.ts';
export { formatProblem, type Problem, UserError } from './errors.ts';
export {
  createGemma3,
  type Edit,
  type ForwardArgs,
  type ForwardResult,
  Gemma3,
  type Gemma3Config,
  type Gemma3Options,
  loadGemma3,
  parseConfig,
  presetConfig,
  saveGemma3,
} from './model/index.ts';
export {
  encodeChat,
  encodePrompt,
  loadTokenizer,
  type Message,
  type Tokenizer,
} from './model/tokenizer/index.ts';
export { type MistRecipe, parseRecipe, parseRecipeText, type Recipe } from './recipe/index.ts';
export { Interrupted } from './runs/index.ts';
export {
  type ProgressSink,
  type ResumeOptions,
  type RunOptions,
  resumeRun,
  type TrainResult,
  train,
} from './trainers/index.ts';
