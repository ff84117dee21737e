/**
 * Parity with Hugging Face transformers in fp32: tiny Gemma 3 models in the shape rules of the five released sizes,
 * whose hidden states, logits, loss and gradients were written by dump.py.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gradients, linearCrossEntropy, startBackend } from '../../src/backend/index.ts';
import * as tf from '../../src/backend/tfjs.ts';
import { type Gemma3, loadGemma3 } from '../../src/model/index.ts';
import {
  argmaxRows,
  type Fixture,
  floats,
  ints,
  loadFixtures,
  maxAbsDifference,
  realRows,
  relativeError,
} from './fixture.ts';

const HIDDEN_TOLERANCE = 1e-4;
const LOSS_TOLERANCE = 1e-5;
const GRADIENT_TOLERANCE = 1e-3;
/** Two ways through the same kernels: only the order of additions differs. */
const SAME_TOLERANCE = 1e-5;

beforeAll(() => startBackend({ compute: 'float32' }));

/** One batch as the model takes it: real tokens are segment 1, padding segment 0. */
function paddedBatch(fixture: Fixture): { tokens_BT: tf.Tensor2D; segments_BT: tf.Tensor2D } {
  const shape: [number, number] = [fixture.lengths.length, fixture.numTokens];
  return {
    tokens_BT: tf.tensor2d(ints(fixture, 'tokens'), shape, 'int32'),
    segments_BT: tf.tensor2d(ints(fixture, 'mask'), shape, 'int32'),
  };
}

/** The rows of the batch without their padding, one after the other in one row, each its own segment. */
function packedBatch(fixture: Fixture): {
  tokens_BT: tf.Tensor2D;
  positions_BT: tf.Tensor2D;
  segments_BT: tf.Tensor2D;
} {
  const all = ints(fixture, 'tokens');
  const tokens = fixture.lengths.flatMap((length, row) => [
    ...all.subarray(row * fixture.numTokens, row * fixture.numTokens + length),
  ]);
  const positions = fixture.lengths.flatMap((length) => Array.from({ length }, (_, position) => position));
  const segments = fixture.lengths.flatMap((length, row) => new Array<number>(length).fill(row + 1));
  const row = (values: number[]) => tf.tensor2d(values, [1, values.length], 'int32');
  return { tokens_BT: row(tokens), positions_BT: row(positions), segments_BT: row(segments) };
}

function flatten(hidden_BTD: tf.Tensor3D): tf.Tensor2D {
  return hidden_BTD.reshape([-1, hidden_BTD.shape[2]]);
}

/** Mean NLL of the labels that are not -100, from flat hidden states whose row i is `labelOfRow[i]`'s. */
function meanLoss(model: Gemma3, hidden_RD: tf.Tensor2D, labelOfRow: Int32Array): tf.Scalar {
  const rows = [...labelOfRow.keys()].filter((row) => labelOfRow[row] !== -100);
  const labels_R = tf.tensor1d(
    rows.map((row) => labelOfRow[row]!),
    'int32',
  );
  const weights_R = tf.fill([rows.length], 1 / rows.length) as tf.Tensor1D;
  const target_RD = tf.gather(hidden_RD, tf.tensor1d(rows, 'int32')) as tf.Tensor2D;
  return linearCrossEntropy(target_RD, model.parameters.get('embed_tokens.weight')!, labels_R, weights_R)
    .loss;
}

for (const fixture of loadFixtures()) {
  describe(`a tiny Gemma 3 with the rules of ${fixture.name}, against transformers`, () => {
    let model: Gemma3;
    beforeAll(async () => {
      model = await loadFixtureModel(fixture);
    });
    afterAll(() => model.dispose());

    const width = () => model.config.hiddenSize;
    const expectHidden = (got: Float32Array, name: string) =>
      expect(
        maxAbsDifference(realRows(got, fixture, width()), realRows(floats(fixture, name), fixture, width())),
        name,
      ).toBeLessThanOrEqual(HIDDEN_TOLERANCE);

    it('gives the residual stream after every block, the final hidden states and the logits', () => {
      tf.tidy(() => {
        const numLayers = model.config.numHiddenLayers;
        const taps = Array.from({ length: numLayers + 1 }, (_, at) => at - 1); // -1 is the scaled embedding
        const result = model.forward({ ...paddedBatch(fixture), taps });
        for (const layer of taps) {
          expectHidden(result.taps.get(layer)!.dataSync() as Float32Array, `hidden.${layer + 1}`);
        }
        expectHidden(result.hidden_BTD.dataSync() as Float32Array, 'hidden.final');

        const vocabulary = model.config.vocabSize;
        const logits = realRows(
          model.logits(flatten(result.hidden_BTD)).dataSync() as Float32Array,
          fixture,
          vocabulary,
        );
        const expected = realRows(floats(fixture, 'logits'), fixture, vocabulary);
        expect(maxAbsDifference(logits, expected)).toBeLessThanOrEqual(HIDDEN_TOLERANCE);
        expect(argmaxRows(logits, vocabulary)).toEqual(argmaxRows(expected, vocabulary));
      });
    });

    it('gives the loss over the target tokens and the gradient of every parameter', () => {
      const gradients = new Gradients(model.parameters);
      const loss = gradients.accumulate(() => {
        const { hidden_BTD } = model.forward(paddedBatch(fixture));
        return meanLoss(model, flatten(hidden_BTD), ints(fixture, 'labels'));
      });
      expect(Math.abs(loss - floats(fixture, 'loss')[0]!)).toBeLessThanOrEqual(LOSS_TOLERANCE);

      const named = [...fixture.values.keys()]
        .filter((name) => name.startsWith('grad.'))
        .map((name) => name.slice(5));
      expect([...model.parameters.keys()].sort()).toEqual(named.sort());
      for (const name of named) {
        const error = relativeError(gradients.get(name).dataSync(), floats(fixture, `grad.${name}`));
        expect(error, name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
      }
      gradients.dispose();
    });

    it('gives the same loss and gradients when the rows are packed into one', () => {
      const labels = fixture.lengths.flatMap((length, row) => [
        ...ints(fixture, 'labels').subarray(row * fixture.numTokens, row * fixture.numTokens + length),
      ]);
      const gradients = new Gradients(model.parameters);
      const loss = gradients.accumulate(() => {
        const { hidden_BTD } = model.forward(packedBatch(fixture));
        return meanLoss(model, flatten(hidden_BTD), new Int32Array(labels));
      });
      expect(Math.abs(loss - floats(fixture, 'loss')[0]!)).toBeLessThanOrEqual(LOSS_TOLERANCE);
      for (const name of model.parameters.keys()) {
        const error = relativeError(gradients.get(name).dataSync(), floats(fixture, `grad.${name}`));
        expect(error, name).toBeLessThanOrEqual(GRADIENT_TOLERANCE);
      }
      gradients.dispose();
    });

    it('keeps packed segments apart: hidden states equal those of the separate sequences', () => {
      tf.tidy(() => {
        const { hidden_BTD } = model.forward(packedBatch(fixture));
        const expected = realRows(floats(fixture, 'hidden.final'), fixture, width());
        expect(maxAbsDifference(hidden_BTD.dataSync(), expected)).toBeLessThanOrEqual(HIDDEN_TOLERANCE);
      });
    });

    it('is not touched by padding: other tokens there, or less of it, change nothing', () => {
      tf.tidy(() => {
        const batch = paddedBatch(fixture);
        const before = model.forward(batch).hidden_BTD.dataSync() as Float32Array;
        const shape = batch.tokens_BT.shape;
        const tokens = Int32Array.from(ints(fixture, 'tokens'), (token, i) =>
          ints(fixture, 'mask')[i] === 0 ? (7 * i) % model.config.vocabSize : token,
        );
        const other = model.forward({ ...batch, tokens_BT: tf.tensor2d(tokens, shape, 'int32') }).hidden_BTD;
        expect(
          maxAbsDifference(
            realRows(other.dataSync() as Float32Array, fixture, width()),
            realRows(before, fixture, width()),
          ),
        ).toBe(0);

        const shortest = fixture.lengths[1]!;
        const alone = model.forward({ tokens_BT: batch.tokens_BT.slice([1, 0], [1, shortest]) }).hidden_BTD;
        const start = fixture.numTokens * width();
        expect(
          maxAbsDifference(alone.dataSync(), before.subarray(start, start + shortest * width())),
        ).toBeLessThanOrEqual(SAME_TOLERANCE);
      });
    });

    it('stops after any layer, and continues from there to the same end', () => {
      tf.tidy(() => {
        const batch = paddedBatch(fixture);
        const whole = realRows(model.forward(batch).hidden_BTD.dataSync() as Float32Array, fixture, width());
        for (let layer = 0; layer < model.config.numHiddenLayers; layer++) {
          const stopped_BTD = model.forward({ ...batch, stopAfter: layer }).hidden_BTD;
          expectHidden(stopped_BTD.dataSync() as Float32Array, `hidden.${layer + 1}`);
          if (layer + 1 === model.config.numHiddenLayers) continue;
          const rest = model.forward({ ...batch, startFrom: { layer, hidden_BTD: stopped_BTD } });
          const got = realRows(rest.hidden_BTD.dataSync() as Float32Array, fixture, width());
          expect(maxAbsDifference(got, whole)).toBeLessThanOrEqual(SAME_TOLERANCE);
        }
      });
    });
  });
}

async function loadFixtureModel(fixture: Fixture): Promise<Gemma3> {
  return (await loadGemma3(fixture.dir, { embedScale: 'exact' })).model;
}
