/**
 * Steering vectors in files of other tools and back: control vectors of llama.cpp and repeng, and what `lm_eval --model steered`
 * reads.
 */
export { type GgufOptions, ggufControlVector, type LlamaCppOptions, llamaCppOptions } from './gguf.ts';
export { type ImportOptions, importGguf } from './import-gguf.ts';
export { importLmEval } from './import-lm-eval.ts';
export type { ImportedModel } from './imported.ts';
export {
  HOOKPOINT,
  HOOKPOINT_WITH_IMAGES,
  type LmEvalOptions,
  lmEvalFile,
  lmEvalOptions,
} from './lm-eval.ts';
