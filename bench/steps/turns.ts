/**
 * Optimizer steps of ours and of peers, in turns, so that a busy machine slows all; each side is a process of its own, whose
 * memory is its own.
 */
import { compare, Peer, type Result, residentMemory, threadsOf } from '../harness.ts';
import { SQUARE } from './ceiling.ts';

/** What either side says of a step. */
export interface Step {
  seconds: number;
  loss: number;
  /** What else a method logs, under TRL's names. */
  figures: Record<string, number>;
}

/** What we say beside that. */
export interface OurStep extends Step {
  /** Seconds in the norm of gradients and the optimizer. */
  update: number;
  /** Seconds in products of matrices, and their operations. */
  products: number;
  flops: number;
  tokens: number;
}

/** Answer to the set-up. */
export interface Ready {
  versions: Record<string, string>;
  /** GFLOP/s of a square product; of our side alone. */
  ceiling?: number;
}

/** A process that takes a step at each request. */
export interface Side<T extends Step = Step> {
  name: string;
  peer: Peer;
  setup: Record<string, unknown>;
  /** Those taken so far. */
  steps: T[];
}

/** Our side: the bundle of the benchmark again, whose default export has `serve`. */
export function ourSide(bundle: string, threads: number, setup: Record<string, unknown>): Side<OurStep> {
  const script = 'import(process.argv[1]).then((bundle) => bundle.default.serve())';
  const peer = new Peer(process.execPath, ['-e', script, bundle], threadsOf(threads));
  return { name: 'ours', peer, setup: { ...setup, threads }, steps: [] };
}

/** A peer's side: a script in Python. */
export function peerSide(
  name: string,
  command: readonly [python: string, script: string],
  threads: number,
  setup: Record<string, unknown>,
): Side {
  const peer = new Peer(command[0], [command[1]], threadsOf(threads));
  return { name, peer, setup: { ...setup, threads }, steps: [] };
}

/** What is left of a side when its process has ended. */
export interface Outcome {
  ready: Ready;
  /** Resident memory at its highest, bytes: loading and whatever precedes the first step included. */
  peak: number;
}

/** OpenMP's threads spin for a while after their work: they are let go to sleep before the other side starts. */
const PAUSE_MS = 300;

/** Sets the sides up one after the other, and takes `count` steps on each; the processes are ended. */
export async function takeTurns(sides: readonly Side[], count: number): Promise<Outcome[]> {
  try {
    const ready: Ready[] = [];
    for (const { peer, setup } of sides) ready.push(await peer.ask<Ready>(setup));
    for (let step = 0; step < count; step++) {
      for (const { name, peer, steps } of sides) {
        const taken = await peer.ask<Step>({ step });
        steps.push(taken);
        console.log(
          `  ${name}: step ${step + 1}, ${taken.seconds.toFixed(2)} s, loss ${taken.loss.toFixed(6)}`,
        );
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
    return sides.map(({ peer }, i) => ({ ready: ready[i]!, peak: residentMemory(peer.pid).peak }));
  } finally {
    for (const { peer } of sides) peer.close();
  }
}

/** Steps/s over all steps, which differ in tokens; the first warms up and does not count where there are others. */
export function speed(steps: readonly Step[]): number {
  const counted = steps.length > 1 ? steps.slice(1) : steps;
  return counted.length / counted.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** How far apart two figures that must be equal are, relative to the peer's. */
export function agreement(name: string, unit: string, ours: number, peer: number, by: string, aim: string) {
  return compare(`${name}: difference`, unit, Math.abs(ours - peer), Math.abs(peer), by, aim);
}

/** Where our time goes, and how far ahead of `peer` a step would be that had only its products, at the speed of a square one. */
export function timeLines(steps: readonly OurStep[], most: number, peer: Side): Result[] {
  const counted = steps.length > 1 ? steps.slice(1) : steps;
  const total = (of: (step: OurStep) => number) => counted.reduce((sum, step) => sum + of(step), 0);
  const n = counted.length;
  const [seconds, products, flops] = [
    total((s) => s.seconds),
    total((s) => s.products),
    total((s) => s.flops),
  ];
  const perfect = (n * most * 1e9) / flops;
  return [
    compare('seconds in products', 's', products / n, seconds / n, 'our step'),
    compare('seconds in norm and optimizer', 's', total((s) => s.update) / n, seconds / n, 'our step'),
    compare('speed of products', 'GFLOP/s', flops / products / 1e9, most, `a square product of ${SQUARE}`),
    compare(
      'steps/s of an engine that had only these products, at that speed',
      'steps/s',
      perfect,
      speed(peer.steps),
      peer.name,
    ),
    compare('tokens/s', 'tokens/s', total((s) => s.tokens) / seconds, Number.NaN, ''),
  ];
}
