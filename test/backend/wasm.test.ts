/**
 * The backends `torch` and `wasm` are one model: the same code, with fused kernels on one and composed ones on the other,
 * gives the same hidden states, logits, gradients, and weights after training.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type BackendName, Gradients, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { nll } from '../../src/losses/index.ts';
import { createGemma3, presetConfig } from '../../src/model/index.ts';
import { train } from '../../src/trainers/run.ts';
import { readValues } from '../parity/fixture.ts';
import { temporaryFolder } from '../temporary.ts';
import { recipe } from '../trainers/tiny-run.ts';

const TOLERANCE = 1e-4;
const folder = temporaryFolder();

type Values = Map<string, Float32Array>;

function expectClose(found: Values, expected: Values): void {
  expect([...found.keys()]).toEqual([...expected.keys()]);
  for (const [name, values] of expected) {
    const other = found.get(name)!;
    const worst = values.reduce((most, value, i) => Math.max(most, Math.abs(value - other[i]!)), 0);
    expect(worst, name).toBeLessThanOrEqual(TOLERANCE);
    expect(
      values.some((value) => Math.abs(value) > TOLERANCE),
      `${name} is not all but zero`,
    ).toBe(true);
  }
}

/** Everything a pass over two packed rows and padding computes: longer than the tiny model's window of 32. */
async function pass(name: BackendName, activationCheckpointing: boolean): Promise<{ [of: string]: Values }> {
  await startBackend({ name, compute: 'float32' });
  const config = presetConfig('tiny');
  const model = createGemma3(config, 3, { activationCheckpointing });
  // Away from the initial point, where many gradients are tiny.
  for (const parameter of model.parameters.values()) tf.tidy(() => parameter.assign(tf.mul(parameter, 4)));
  const lengths = [40, 17];
  const [T, padding] = [64, 64 - 40 - 17];
  const tokens = Array.from({ length: T }, (_, i) => 10 + ((i * 37) % 400));
  const places = [...lengths, padding].flatMap((n) => Array.from({ length: n }, (_, i) => i));
  const segments = [40, 17, padding].flatMap((n, i) => new Array<number>(n).fill(i < 2 ? i + 1 : 0));
  const row = (values: number[]) => tf.tensor2d(values, [1, T], 'int32');
  const forward = (taps: number[]) =>
    model.forward({
      tokens_BT: row(tokens),
      positions_BT: row(places),
      segments_BT: row(segments),
      taps,
    });
  const hidden: Values = new Map();
  tf.tidy(() => {
    const { hidden_BTD, taps } = forward([-1, 0, 1, 2, 3]);
    for (const [layer, tap_BTD] of taps) hidden.set(`block ${layer}`, tap_BTD.dataSync() as Float32Array);
    hidden.set('final', hidden_BTD.dataSync() as Float32Array);
    const rows_MD = tf.reshape(hidden_BTD, [T, config.hiddenSize]) as tf.Tensor2D;
    hidden.set('logits', model.logits(rows_MD).dataSync() as Float32Array);
  });
  const gradients = new Gradients(model.parameters);
  const rows = Array.from({ length: T - padding - 1 }, (_, i) => i).filter((i) => i !== 39);
  const loss = gradients.accumulate(() =>
    nll(forward([]).hidden_BTD, model.parameter('embed_tokens.weight'), {
      rows_R: tf.tensor1d(rows, 'int32'),
      labels_R: tf.tensor1d(
        rows.map((i) => tokens[i + 1]!),
        'int32',
      ),
      weights_R: tf.fill([rows.length], 1 / rows.length) as tf.Tensor1D,
    }),
  );
  const collected: Values = new Map([['loss', Float32Array.of(loss)]]);
  for (const key of model.parameters.keys())
    collected.set(key, gradients.get(key).dataSync() as Float32Array);
  gradients.dispose();
  model.dispose();
  return { hidden, gradients: collected };
}

describe('torch and wasm', () => {
  it.each([
    ['', false],
    [' with activation checkpointing', true],
  ])('give the same hidden states, logits, loss and gradients%s', async (_, checkpointing) => {
    const torch = await pass('torch', checkpointing);
    const wasm = await pass('wasm', checkpointing);
    expectClose(torch.hidden!, wasm.hidden!);
    expectClose(torch.gradients!, wasm.gradients!);
  });

  it('train to the same weights', async () => {
    const weights = async (name: BackendName): Promise<Values> => {
      const overrides = [`out=${name}`, `backend.name=${name}`, 'backend.compute=float32'];
      const size = ['train.max_steps=3', 'train.batch_size=2', 'train.micro_batch_size=1'];
      const { checkpoint, loss } = await train(recipe(...overrides, ...size), { cwd: folder.path });
      const values: Values = new Map([['loss', Float32Array.of(loss)]]);
      for (const [key, { data }] of readValues(join(checkpoint, 'model.safetensors')))
        values.set(key, data as Float32Array);
      return values;
    };
    expectClose(await weights('torch'), await weights('wasm'));
  });
});
