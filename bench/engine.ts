/** The engine beside PyTorch eager on the same libtorch, tfjs-node on TensorFlow 2.21, and wasm: fp32, same threads. */
import os from 'node:os';
import { startBackend } from '../src/backend/index.ts';
import { type Item, selected } from './engine/items.ts';
import type { Answer, Request } from './engine/request.ts';
import { eagerSides, otherBackend, ours, type Side, serve, TURNS } from './engine/sides.ts';
import { type Benchmark, type Context, compare, Peer, type Result, threadsOf } from './harness.ts';
import { tfjsNode } from './peers/tfjs-node.ts';

/** OpenMP's threads spin for a while after their work: they are let go to sleep before the other side starts. */
const PAUSE_MS = 300;

/** `npm run bench engine [WORD..]`: the items whose names contain every word. */
const benchmark: Benchmark & { serve: typeof serve } = {
  serve,

  async run(context) {
    const threads = os.availableParallelism();
    const info = await startBackend({ name: 'torch', compute: 'float32', threads });
    const { sides, versions } = await startSides(context, threads);
    const results: Result[] = [];
    try {
      for (const item of selected(context.args)) {
        const started = performance.now();
        results.push(...(await runItem(item, sides)));
        const seconds = (performance.now() - started) / 1000;
        console.log(`  measured in ${seconds.toFixed(0)} s: ${item.name}`);
      }
    } finally {
      for (const side of sides) side.close();
    }
    const libtorch = { libtorch: info.torch ?? '?', matmul: info.matmul, threads: String(threads) };
    return { results, versions: { ...libtorch, ...versions } };
  },
};
export default benchmark;

/** Ours first; a peer that cannot be had is said to be left out. */
async function startSides(
  context: Context,
  threads: number,
): Promise<{ sides: Side[]; versions: Record<string, string> }> {
  const sides = [ours];
  const versions: Record<string, string> = {};
  const python = new Peer(context.python(), [`${context.root}/bench/peers/engine.py`], threadsOf(threads));
  const found = await python.ask<{ torch: string; transformers: string; threads: number }>({
    item: 'versions',
    threads,
  });
  versions.torch = `${found.torch}, ${found.threads} threads`;
  versions.transformers = found.transformers;
  sides.push(...eagerSides(python));
  try {
    sides.push(otherBackend('tfjs-node', threads, tfjsNode(context.root)));
    versions['tfjs-node'] = '4.22.0 on TensorFlow 2.21.0';
  } catch (error) {
    console.log(`  left out: tfjs-node: ${(error as Error).message}`);
  }
  sides.push(otherBackend('wasm', threads));
  return { sides, versions };
}

/** All sides take turns at one item; a side that fails is left out of it. */
async function runItem(item: Item, sides: readonly Side[]): Promise<Result[]> {
  const best = new Map<Side, { request: Request; answer: Answer }>();
  const failed = new Set<Side>();
  for (let turn = 0; turn < TURNS; turn++) {
    for (const side of sides) {
      const request = side.request(item);
      if (typeof request === 'string' && turn === 0 && side.kind === 'wasm')
        console.log(`  left out: ${side.name}: ${request}`);
      if (typeof request === 'string' || failed.has(side) || turn >= side.turns) continue;
      try {
        const answer = await side.ask(request);
        best.set(side, { request, answer: better(best.get(side)?.answer, answer) });
      } catch (error) {
        failed.add(side);
        best.delete(side);
        console.log(`  left out: ${side.name}: ${(error as Error).message}`);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  const mine = best.get(ours);
  if (!mine) throw new Error(`${item.name} could not be measured`);
  const peers = [...best].filter(([side]) => side !== ours);
  return peers.flatMap(([side, theirs]) => lines(item, side, mine.answer, theirs));
}

/** Memory is that of the first turn: later ones find it cached. */
function better(first: Answer | undefined, second: Answer): Answer {
  if (!first) return second;
  const least = (a: number | undefined, b: number | undefined) => (a && b ? Math.min(a, b) : undefined);
  return {
    ...first,
    seconds: Math.min(first.seconds, second.seconds),
    seconds_default: least(first.seconds_default, second.seconds_default),
  };
}

function lines(
  item: Item,
  side: Side,
  mine: Answer,
  { request, answer }: { request: Request; answer: Answer },
): Result[] {
  const rate = item.rate(mine.seconds, item.request);
  const line = (peerName: string, seconds: number) =>
    compare(
      item.name,
      item.unit,
      rate,
      item.rate(seconds, request),
      peerName,
      item.aims[side.kind as keyof Item['aims']],
    );
  if (answer.seconds_default !== undefined) {
    return [
      line('torch.optim.AdamW, fused', answer.seconds),
      line('torch.optim.AdamW', answer.seconds_default),
    ];
  }
  const results = [line(detail(side, request), answer.seconds)];
  // Of a smaller request the memory says nothing.
  if (answer.bytes !== undefined && mine.bytes !== undefined && request === item.request) {
    const aim = side.kind === 'eager' ? '<= 0.1' : '';
    results.push(compare(`${item.name}: memory`, 'MB', mine.bytes / 1e6, answer.bytes / 1e6, side.name, aim));
  }
  return results;
}

function detail({ name }: Side, request: Request): string {
  if (request.item === 'block' && request.attention) return `${name}, ${request.attention} attention`;
  if (request.item === 'cross_entropy' && name.startsWith('tfjs')) return `${name}, ${request.rows} rows`;
  return name;
}
