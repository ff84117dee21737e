/** What may be asked of a backend, and what is said of the one that was chosen. */
import type { StorageType } from './parameters.ts';

export type BackendName = 'torch' | 'tensorflow' | 'wasm';
export type ComputeType = 'float32' | 'bfloat16';
/** In the order of the addon's codes. */
export const LIBRARIES = ['ATen', 'oneDNN', 'OpenBLAS'] as const;
export type MatmulLibrary = (typeof LIBRARIES)[number];

export interface BackendOptions {
  name?: 'auto' | BackendName;
  compute?: 'auto' | ComputeType;
  /** What weights and activations are kept as; float32 by default. */
  storage?: StorageType;
  /** `auto` (the first GPU, else the CPU), `cpu`, `cuda` or `cuda:N`. */
  device?: string;
  /** GB that tensors may take; what the machine has by default. */
  memoryLimit?: number | null;
  /** Threads of the torch backend; all cores by default. */
  threads?: number | null;
  /** Library of fp32 products on the CPU; the fastest one by default. */
  matmul?: 'auto' | MatmulLibrary;
  /** Transpose one side of bf16 gradients of weights first; where that is faster by default. */
  transposes?: boolean;
}

/** What was chosen, and why. */
export interface BackendInfo {
  name: string;
  /** Why this backend and no other. */
  reason: string;
  torch: string | undefined;
  threads: number;
  /** Vector instructions libtorch uses, e.g. AVX512. */
  cpu: string;
  compute: ComputeType;
  computeReason: string;
  storage: StorageType;
  storageReason: string;
  /** Library of fp32 products. */
  matmul: string;
  /** Are gradients of weights multiplied in bf16 with one side transposed first? */
  transposes: boolean;
  device: string;
}
