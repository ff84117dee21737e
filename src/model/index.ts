export { KeyValueCache } from './cache.ts';
export { type Carried, NOTHING_CARRIED, openCarried } from './carried.ts';
export { type Completion, type CompletionOptions, complete } from './complete.ts';
export {
  countParameters,
  type Gemma3Config,
  type LayerType,
  parameterShapes,
  parseConfig,
} from './config.ts';
export { ggufParts, isGguf } from './files/gguf.ts';
export {
  type Edit,
  type EmbedScale,
  type ForwardArgs,
  type ForwardResult,
  Gemma3,
  type Gemma3Options,
} from './gemma3.ts';
export { type GenerateOptions, generate, type PassEdits } from './generate.ts';
export { checkGemma3, createGemma3, type LoadedModel, loadGemma3, saveGemma3 } from './load.ts';
export { presetConfig, presetNames } from './presets.ts';
