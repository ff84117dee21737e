/** The sides of bench/engine: this process, and peers in processes of their own that answer the same requests. */
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { installGradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { Peer, threadsOf } from '../harness.ts';
import type { Item, PeerKind } from './items.ts';
import { measure } from './measure.ts';
import type { Answer, Request } from './request.ts';

export const TURNS = 2;

/** One column of a comparison. */
export interface Side {
  kind: PeerKind | 'ours';
  name: string;
  /** Each side's best of so many turns: ours, peer, peer, ours, peer, peer. */
  turns: number;
  /** What it is asked for an item; a text says why it is not asked. */
  request(item: Item): Request | string;
  ask(request: Request): Promise<Answer>;
  close(): void;
}

export const ours: Side = {
  kind: 'ours',
  name: 'ours',
  turns: TURNS,
  request: (item) => item.request,
  ask: measure,
  close() {},
};

/** PyTorch on one process, as two sides where attention can be computed in two ways. */
export function eagerSides(peer: Peer): Side[] {
  const side = (attention: 'eager' | 'sdpa'): Side => ({
    kind: 'eager',
    name: 'PyTorch eager',
    turns: TURNS,
    request: ({ request }) =>
      request.item === 'block'
        ? { ...request, attention }
        : attention === 'eager'
          ? request
          : 'attention has no part in it',
    ask: (request) => peer.ask<Answer>({ ...request }),
    close: () => peer.close(),
  });
  return [side('eager'), side('sdpa')];
}

/** Another backend of TensorFlow.js under the same model code: this bundle again. */
export function otherBackend(kind: 'wasm' | 'tfjs-node', threads: number, packageJson = ''): Side {
  const script = 'import(process.argv[1]).then((bundle) => bundle.default.serve(...process.argv.slice(2)))';
  const bundle = fileURLToPath(import.meta.url);
  const peer = new Peer(process.execPath, ['-e', script, bundle, kind, packageJson], threadsOf(threads));
  return {
    kind,
    name: kind === 'wasm' ? 'TF.js wasm, 1 thread' : 'tfjs-node, TF 2.21',
    // It is far away, and slow enough to take most of the time.
    turns: kind === 'wasm' ? 1 : TURNS,
    request: (item) => item.instead[kind] ?? item.request,
    ask: (request) => peer.ask<Answer>({ ...request }),
    close: () => peer.close(),
  };
}

/** Answers requests on stdin, as peers/engine.py does. @param packageJson where tfjs-node is installed */
export async function serve(kind: string, packageJson: string): Promise<void> {
  const answer = (value: object) => process.stdout.write(`${JSON.stringify(value)}\n`);
  const asError = (error: Error) => ({ error: error.message });
  const failure = await start(kind, packageJson).catch(asError);
  for await (const line of createInterface({ input: process.stdin }))
    answer(failure ?? (await measure(JSON.parse(line) as Request).catch(asError)));
}

async function start(kind: string, packageJson: string): Promise<undefined> {
  if (kind === 'wasm') {
    await startBackend({ name: 'wasm' });
    return;
  }
  // It registers itself with the engine, which all copies of tfjs-core in a process share.
  createRequire(packageJson)('@tensorflow/tfjs-node');
  installGradients();
  if (!(await tf.setBackend('tensorflow'))) throw new Error('tfjs-node did not start');
}
