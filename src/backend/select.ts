/**
 * Which backend computes, and how: `torch` when it is built, else `tensorflow` when the user has installed tfjs-node,
 * else `wasm`. A backend asked for by name is the one that runs, or an error says why it cannot.
 */
import os from 'node:os';
import { UserError } from '../errors.ts';
import { installGradients } from './gradients.ts';
import { addonStatus } from './setup/index.ts';
import * as tf from './tfjs.ts';
import { addon, loadAddon, registerTorch } from './torch/index.ts';
import { cachedProbe, type ProbeResult } from './torch/probe.ts';
import { registerWasmKernels } from './wasm.ts';

export type BackendName = 'torch' | 'tensorflow' | 'wasm';
export type ComputeType = 'float32' | 'bfloat16';
export type MatmulLibrary = 'ATen' | 'oneDNN';

export interface BackendOptions {
  name?: 'auto' | BackendName;
  compute?: 'auto' | ComputeType;
  /** Threads of the torch backend; all cores by default. */
  threads?: number | null;
  /** Library of fp32 products; the faster one by default. */
  matmul?: 'auto' | MatmulLibrary;
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
  storage: 'float32';
  storageReason: string;
  /** Library of fp32 products. */
  matmul: string;
  device: string;
}

/** bf16 products have to be this much faster than fp32 to be worth their rounding. */
const WORTH = 1.3;

/** Starts a backend and makes it TensorFlow.js' current one. Throws UserError when the one asked for cannot be had. */
export async function startBackend(options: BackendOptions = {}): Promise<BackendInfo> {
  installGradients();
  const { name = 'auto' } = options;
  if (name === 'torch' || name === 'auto') {
    const failure = loadTorch();
    if (failure === undefined) return startTorch(options);
    if (name === 'torch')
      throw new UserError(`backend torch cannot be had: ${failure}; run \`isogloss setup\``);
    if (await startTensorflow())
      return plainInfo('tensorflow', `torch cannot be had (${failure}); tfjs-node is installed`);
    await startWasm();
    return plainInfo('wasm', `torch cannot be had (${failure})`);
  }
  if (name === 'tensorflow') {
    if (!(await startTensorflow())) {
      throw new UserError(
        'backend tensorflow needs @tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu: npm install one of them',
      );
    }
  } else await startWasm();
  return plainInfo(name, 'asked for');
}

/** Loads the addon; returns what stands in the way, if anything does. */
function loadTorch(): string | undefined {
  const status = addonStatus();
  if (status.state !== 'ready' || !status.path) return status.reason ?? 'the addon is not built';
  try {
    loadAddon(status.path);
    registerTorch();
    return undefined;
  } catch (error) {
    return `the addon does not load: ${(error as Error).message}`;
  }
}

async function startTorch(options: BackendOptions): Promise<BackendInfo> {
  await tf.setBackend('torch');
  const native = addon();
  const threads = native.setThreads(options.threads ?? os.availableParallelism());
  const torch = addonStatus().torch?.version;
  const measured = cachedProbe(torch ?? '', threads);
  const { matmul = 'auto' } = options;
  const wantsOnednn = matmul === 'auto' ? measured.onednnFloat32 > measured.atenFloat32 : matmul === 'oneDNN';
  const onednn = native.setLibrary(wantsOnednn ? 1 : 0) === 1;
  const [compute, computeReason] = chooseCompute(options.compute ?? 'auto', measured);
  native.setCompute(compute === 'bfloat16' ? 1 : 0);
  return {
    name: 'torch',
    reason: options.name === 'torch' ? 'asked for' : 'it is built',
    torch,
    threads,
    cpu: native.cpuCapability(),
    compute,
    computeReason,
    storage: 'float32',
    storageReason: 'weights, gradients and optimizer state are kept in fp32',
    matmul: onednn ? 'oneDNN' : 'ATen',
    device: 'cpu',
  };
}

function chooseCompute(wanted: 'auto' | ComputeType, measured: ProbeResult): [ComputeType, string] {
  const float32 = Math.max(measured.atenFloat32, measured.onednnFloat32);
  const figures = `bf16 ${measured.bfloat16.toFixed(0)}, fp32 ${float32.toFixed(0)} GFLOP/s here`;
  if (wanted !== 'auto') return [wanted, `asked for (${figures})`];
  return measured.bfloat16 > WORTH * float32
    ? ['bfloat16', `bf16 products are faster (${figures})`]
    : ['float32', `bf16 products are not ${WORTH}x faster (${figures})`];
}

async function startTensorflow(): Promise<boolean> {
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']) {
    try {
      await import(name);
      if (await tf.setBackend('tensorflow')) return true;
    } catch {
      // not installed: the next one
    }
  }
  return false;
}

async function startWasm(): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm');
  registerWasmKernels();
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend did not start');
}

function plainInfo(name: BackendName, reason: string): BackendInfo {
  return {
    name,
    reason,
    torch: undefined,
    threads: 1,
    cpu: process.arch,
    compute: 'float32',
    computeReason: `${name} computes in fp32`,
    storage: 'float32',
    storageReason: `${name} stores fp32`,
    matmul: name,
    device: 'cpu',
  };
}
