/** What test/parity/losses.py wrote, and gradients as a trainer takes them. */
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { accumulateGradients } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import type { CloOptions } from '../../src/losses/index.ts';
import { openSafetensors } from '../../src/model/files/index.ts';
import { readValues } from '../parity/fixture.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/losses.safetensors', import.meta.url));
const values = readValues(FIXTURE);

interface Settings {
  clo: Record<string, CloOptions>;
  /** First token and the one after the last of each. */
  sentences: Array<[number, number]>;
  /** The version its losses come from. */
  trl: string;
}

/** What the values of the fixture were computed with. */
export async function settings(): Promise<Settings> {
  const file = await openSafetensors(FIXTURE);
  file.close();
  return JSON.parse(file.metadata.settings!) as Settings;
}

/** A float tensor of the fixture. */
export function floats(name: string): Float32Array {
  const found = values.get(name);
  if (!(found?.data instanceof Float32Array)) throw new Error(`the fixture holds no floats ${name}`);
  return found.data;
}

/** An integer tensor of the fixture. */
export function ints(name: string): Int32Array {
  const found = values.get(name);
  if (!(found?.data instanceof Int32Array)) throw new Error(`the fixture holds no integers ${name}`);
  return found.data;
}

/** The same as a tensor. */
export function tensor<R extends tf.Rank>(name: string): tf.Tensor<R> {
  return tf.tensor(floats(name), values.get(name)!.shape as tf.ShapeMap[R]);
}

/** The value of a scalar f and its gradients to the inputs, through accumulators. */
export function valueAndGradients<K extends string>(
  inputs: Record<K, tf.Tensor>,
  f: (inputs: Record<K, tf.Tensor>) => tf.Scalar,
): { value: number; gradients: Record<K, Float32Array> } {
  const names = Object.keys(inputs) as K[];
  const parameters = new Map<string, tf.Variable>(
    names.map((name) => [name, tf.variable(inputs[name] as tf.Tensor<tf.Rank>)]),
  );
  const into = new Map([...parameters].map(([name, p]) => [name, tf.variable(tf.zeros(p.shape), false)]));
  const given = Object.fromEntries(parameters) as unknown as Record<K, tf.Tensor>;
  const value = accumulateGradients(() => f(given), parameters, into);
  const gradients = Object.fromEntries(names.map((name) => [name, into.get(name)!.dataSync().slice()]));
  tf.dispose([...parameters.values(), ...into.values()]);
  return { value, gradients: gradients as Record<K, Float32Array> };
}

/** Holds every |a - b| to `most` of the largest |b|. */
export function expectClose(a: ArrayLike<number>, b: ArrayLike<number>, most = 1e-4): void {
  expect(a.length).toBe(b.length);
  const scale = Math.max(...Array.from(b, Math.abs), 1e-30);
  const worst = Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)));
  expect(worst / scale).toBeLessThanOrEqual(most);
}
