export { Gradients } from './accumulators.ts';
export { accumulateGradients, installGradients, isRecording, unrecorded } from './gradients.ts';
export { type MemoryInfo, memoryInfo, resetPeakMemory } from './memory.ts';
export { type AdafactorHyper, type AdafactorState, adafactorStep } from './ops/adafactor.ts';
export { type AdamWHyper, type AdamWState, adamwStep } from './ops/adamw.ts';
export { attention } from './ops/attention.ts';
export { appendCache, cachedAttention, type Places } from './ops/cache.ts';
export { type CrossEntropy, linearCrossEntropy } from './ops/crossEntropy.ts';
export { embedding } from './ops/embedding.ts';
export { geglu } from './ops/geglu.ts';
export { headNormRope } from './ops/headNormRope.ts';
export { linear } from './ops/linear.ts';
export { rmsNorm } from './ops/rmsNorm.ts';
export type { Rounding } from './ops/rounding.ts';
export type { BackendInfo, BackendName, BackendOptions, ComputeType } from './options.ts';
export {
  emptyParameter,
  type FloatFileType,
  fill,
  float32Copy,
  parameterOf,
  pieces,
  rawTypes,
  type StorageType,
  storageType,
  zeroState,
} from './parameters.ts';
export { slowness } from './plain.ts';
export { type ProductTimes, productTimes } from './products.ts';
export { recompute } from './recompute.ts';
export { startBackend } from './select.ts';
