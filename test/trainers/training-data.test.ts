import { join } from 'node:path';
import { expect, it } from 'vitest';
import { presetConfig } from '../../src/model/index.ts';
import { loadTokenizer } from '../../src/model/tokenizer/index.ts';
import { packageRoot } from '../../src/paths.ts';
import { encodeTrainingData, readTrainingRows } from '../../src/trainers/training-data.ts';
import { recipe } from './tiny-run.ts';

const tokenizer = await loadTokenizer(join(packageRoot(), 'data', 'tiny'));

async function encoded(config: { vocabSize?: number; maxPositionEmbeddings?: number }) {
  const made = recipe('data.train.max_samples=8', 'data.eval_fraction=0.25');
  const rows = await readTrainingRows(made, '.');
  const warnings: string[] = [];
  const data = encodeTrainingData(rows, made, tokenizer, { ...presetConfig('tiny'), ...config }, (text) =>
    warnings.push(text),
  );
  const lengths = (list: typeof data.train.examples) => list.map(({ ids }) => ids.length);
  return { warnings, train: lengths(data.train.examples), heldOut: lengths(data.heldOut!.examples) };
}

it('refuses a token that the model has no embedding for, naming it', async () => {
  await expect(encoded({ vocabSize: 60 })).rejects.toThrow(
    /the tokenizer does not belong to the model: it gives id \d+ \(.+\), but the model has 60 embeddings/,
  );
});

it('warns of rows past the positions that the model was made for, counting them', async () => {
  const { train, heldOut, warnings } = await encoded({});
  expect(warnings).toEqual([]);
  const positions = [...train].sort((a, b) => a - b)[3]!;
  const over = (lengths: number[]) => lengths.filter((length) => length > positions).length;
  expect(over(train)).toBeGreaterThan(0);
  const told = (await encoded({ maxPositionEmbeddings: positions })).warnings;
  expect(told[0]).toMatch(
    new RegExp(
      `^${over(train)} of 6 training rows are longer than the ${positions} tokens .*up to ${Math.max(...train)}`,
    ),
  );
  expect(told.length).toBe(over(heldOut) > 0 ? 2 : 1);
});
