/** The backends of TensorFlow.js itself, which compute where torch is not to be had: complete, but much slower. */
import { UserError } from '../errors.ts';
import type { BackendInfo, BackendOptions } from './options.ts';
import * as tf from './tfjs.ts';
import { registerWasmKernels } from './wasm.ts';

export type PlainName = 'tensorflow' | 'wasm';

/** How the two compare with torch; for wasm measured on the tiny model (README). */
const SLOWER: Record<PlainName, string> = {
  tensorflow: 'several times slower than torch',
  wasm: 'about 50 times slower than torch',
};

/** How much slower than torch, for messages; undefined for torch itself. */
export function slowness(backend: string): string | undefined {
  return SLOWER[backend as PlainName];
}

/** Starts @tensorflow/tfjs-node, with or without a GPU; returns what stands in the way, if anything does. */
export async function startTensorflow(): Promise<{ reason: string; installed: boolean } | undefined> {
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']) {
    try {
      await withOwnCore(() => import(name));
    } catch (error) {
      if (isMissing(error, name)) continue;
      return { reason: `${name} does not load: ${(error as Error).message}`, installed: true };
    }
    if (await tf.setBackend('tensorflow')) return undefined;
    return { reason: `${name} does not start`, installed: true };
  }
  return {
    reason: 'it needs @tensorflow/tfjs-node or @tensorflow/tfjs-node-gpu: npm install one of them',
    installed: false,
  };
}

/** Starts the wasm backend, which is always there. */
export async function startWasm(): Promise<void> {
  await withOwnCore(() => import('@tensorflow/tfjs-backend-wasm'));
  registerWasmKernels();
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend did not start');
}

/**
 * Loads a package that brings a tfjs-core of its own. The two share one environment, and the second registers the same
 * platform (Node) again and warns of it: with none registered, there is nothing to warn of.
 */
async function withOwnCore(load: () => Promise<unknown>): Promise<void> {
  const environment: { platform: tf.Environment['platform'] | undefined } = tf.env();
  const { platform } = environment;
  environment.platform = undefined;
  try {
    await load();
  } finally {
    environment.platform ??= platform;
  }
}

function isMissing(error: unknown, name: string): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(`'${name}'`);
}

/**
 * @param why what keeps torch from computing, where it was not the user who chose otherwise
 * @throws UserError for what only torch can do
 */
export function requirePlain(name: PlainName, options: BackendOptions, why?: string): void {
  const { storage, device = 'auto', compute } = options;
  const asked = [
    storage === 'bfloat16' ? 'backend.storage bfloat16' : [],
    compute === 'bfloat16' ? 'backend.compute bfloat16' : [],
    device === 'auto' || device === 'cpu' ? [] : `backend.device ${device}`,
  ].flat();
  const reason = why === undefined ? '' : `: torch cannot be had (${why}); \`isogloss setup\` gets it`;
  if (asked.length > 0)
    throw new UserError(
      asked.map((what) => ({ message: `${what} needs the backend torch, not ${name}${reason}` })),
    );
}

/** What was asked for and means nothing to these backends, for a warning; undefined if nothing was. */
export function meaningless(name: PlainName, options: BackendOptions): string | undefined {
  const { threads, memoryLimit, matmul = 'auto', transposes } = options;
  const asked = [
    // One is what they use.
    threads == null || threads === 1 ? [] : `backend.threads ${threads}`,
    memoryLimit == null ? [] : `backend.memory_limit ${memoryLimit}`,
    matmul === 'auto' ? [] : `backend.matmul ${matmul}`,
    transposes === undefined ? [] : `backend.transposes ${transposes}`,
  ].flat();
  return asked.length === 0 ? undefined : `${asked.join(', ')}: without effect, ${name} has no such setting`;
}

/** What such a backend is. */
export function plainInfo(name: PlainName, reason: string): BackendInfo {
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
    transposes: false,
    device: 'cpu',
  };
}
