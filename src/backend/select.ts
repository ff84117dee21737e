/**
 * Which backend computes, and how: `torch` when it is built, else `tensorflow` when the user has installed tfjs-node,
 * else `wasm`. A backend asked for by name is the one that runs, or an error says why it cannot.
 */
import os from 'node:os';
import { UserError } from '../errors.ts';
import { installGradients } from './gradients.ts';
import {
  type BackendInfo,
  type BackendOptions,
  type ComputeType,
  LIBRARIES,
  type MatmulLibrary,
} from './options.ts';
import { meaningless, plainInfo, requirePlain, slowness, startTensorflow, startWasm } from './plain.ts';
import { addonStatus } from './setup/index.ts';
import * as tf from './tfjs.ts';
import { addon, loadAddon, registerTorch, torchBackend } from './torch/index.ts';
import { openOpenBlas } from './torch/openblas.ts';
import { cachedProbe, type ProbeResult } from './torch/probe.ts';

/** bf16 products have to be this much faster than fp32 to be worth their rounding. */
const WORTH = 1.3;

/**
 * Starts a backend and makes it TensorFlow.js' current one.
 *
 * @param warn receives what the user should know: a backend that was not asked for and is much slower, and why;
 *   settings without effect.
 * @throws UserError when the one asked for cannot be had
 */
export async function startBackend(
  options: BackendOptions = {},
  warn: (text: string) => void = () => {},
): Promise<BackendInfo> {
  installGradients();
  const { name = 'auto' } = options;
  if (name === 'tensorflow' || name === 'wasm') {
    requirePlain(name, options);
    if (name === 'wasm') await startWasm();
    else {
      const failure = await startTensorflow();
      if (failure) throw new UserError(`backend tensorflow cannot be had: ${failure.reason}`);
    }
    warnOfMeaningless(name, options, warn);
    return plainInfo(name, 'asked for');
  }
  const failure = loadTorch();
  if (failure === undefined) return startTorch(options);
  if (name === 'torch')
    throw new UserError(`backend torch cannot be had: ${failure}; run \`isogloss setup\``);
  const noTensorflow = await startTensorflow();
  const other = noTensorflow ? 'wasm' : 'tensorflow';
  requirePlain(other, options, failure);
  if (noTensorflow?.installed) warn(noTensorflow.reason);
  if (other === 'wasm') await startWasm();
  const without = `torch cannot be had (${failure})`;
  warn(`${without}: ${other} computes, ${slowness(other)}; \`isogloss setup\` gets torch`);
  warnOfMeaningless(other, options, warn);
  return plainInfo(other, noTensorflow ? without : `${without}; tfjs-node is installed`);
}

function warnOfMeaningless(
  name: 'tensorflow' | 'wasm',
  options: BackendOptions,
  warn: (text: string) => void,
): void {
  const text = meaningless(name, options);
  if (text) warn(text);
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
  const backend = torchBackend();
  const device = chooseDevice(options.device ?? 'auto');
  backend.device = device;
  backend.runsOwnKernels = device === 'cpu';
  const { storage = 'float32' } = options;
  backend.storageType = storage;
  native.memoryLimit(options.memoryLimit ? options.memoryLimit * 1e9 : machineMemory());
  const threads = native.setThreads(options.threads ?? os.availableParallelism());
  const torch = addonStatus().torch?.version;
  const shared = {
    name: 'torch',
    reason: options.name === 'torch' ? 'asked for' : 'it is built',
    torch,
    threads,
    cpu: native.cpuCapability(),
    storage,
    storageReason:
      storage === 'float32' ? 'the default' : 'asked for: weights and activations, but no sums and no state',
    device,
  };
  const asked = options.compute ?? 'auto';
  if (device !== 'cpu') {
    const compute = asked === 'auto' ? storage : asked;
    native.setCompute(compute === 'bfloat16' ? 1 : 0);
    const computeReason = asked === 'auto' ? 'as weights are stored' : 'asked for';
    return { ...shared, compute, computeReason, matmul: 'cuBLAS', transposes: false };
  }
  const measured = cachedProbe(torch ?? '', threads);
  const matmul = chooseLibrary(options.matmul ?? 'auto', measured);
  const [compute, computeReason] = chooseCompute(asked, measured);
  native.setCompute(compute === 'bfloat16' ? 1 : 0);
  const { bfloat16Gradient, bfloat16GradientTransposed } = measured;
  const transposes = options.transposes ?? bfloat16GradientTransposed > bfloat16Gradient;
  native.setTransposes(transposes ? 1 : 0);
  return { ...shared, compute, computeReason, matmul, transposes };
}

/** Puts new tensors there. @throws UserError when a GPU that was asked for is not to be had */
function chooseDevice(wanted: string): string {
  const chosen = wanted === 'auto' ? (addon().deviceCount() > 0 ? 'cuda:0' : 'cpu') : wanted;
  try {
    addon().setDevice(chosen);
  } catch (error) {
    const version = addonStatus().torch?.version;
    throw new UserError(`backend.device ${wanted}: ${(error as Error).message} (torch ${version})`);
  }
  return chosen === 'cuda' ? 'cuda:0' : chosen;
}

/** Share of the machine's memory that tensors may take: the rest is for the process itself and for others. */
const TENSOR_SHARE = 0.95;

/** Bytes tensors may take: of the container where there is one, else of the machine. */
function machineMemory(): number {
  const constrained = process.constrainedMemory?.() ?? 0;
  const total = constrained > 0 ? Math.min(constrained, os.totalmem()) : os.totalmem();
  return Math.floor(total * TENSOR_SHARE);
}

/** Sets the library of fp32 products: the one asked for, or the fastest here that can still be had. */
function chooseLibrary(wanted: 'auto' | MatmulLibrary, measured: ProbeResult): MatmulLibrary {
  const speeds = [measured.atenFloat32, measured.onednnFloat32, measured.openblasFloat32];
  const fastest = LIBRARIES[speeds.indexOf(Math.max(...speeds))]!;
  const library = wanted === 'auto' ? fastest : wanted;
  if (library === 'OpenBLAS') openOpenBlas();
  return LIBRARIES[addon().setLibrary(LIBRARIES.indexOf(library))]!;
}

function chooseCompute(wanted: 'auto' | ComputeType, measured: ProbeResult): [ComputeType, string] {
  const float32 = Math.max(measured.atenFloat32, measured.onednnFloat32, measured.openblasFloat32);
  const figures = `bf16 ${measured.bfloat16.toFixed(0)}, fp32 ${float32.toFixed(0)} GFLOP/s here`;
  if (wanted !== 'auto') return [wanted, `asked for (${figures})`];
  return measured.bfloat16 > WORTH * float32
    ? ['bfloat16', `bf16 products are faster (${figures})`]
    : ['float32', `bf16 products are not ${WORTH}x faster (${figures})`];
}
