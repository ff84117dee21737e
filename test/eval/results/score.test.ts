import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { openEvaluation, rescore, type SavedScores } from '../../../src/eval/results/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { figuresOf, KEY, scoredItem } from './fixture.ts';

const folder = temporaryFolder();
const TIME = new Date('2026-03-04T05:06:07.089Z');

/** A folder with items of two languages, in no order. */
async function evaluated(name: string, end = true): Promise<string> {
  const dir = join(folder.path, name);
  const evaluation = await openEvaluation({ dir, shown: name, key: KEY, time: TIME, figuresOf });
  const of = (i: number, language: string) => ({
    task: 'capitals',
    docId: i,
    scored: scoredItem(i, language, {
      scores: scoredItem(i, language).scores.map((score, n) => ({ ...score, unconditional: n - 2 })),
    }),
  });
  await evaluation.append([of(2, 'ko'), of(0, 'ko'), of(1, 'sw'), of(1, 'ko')]);
  if (end) await evaluation.finish(async () => '{}\n');
  await evaluation.close();
  return dir;
}

/** The option of each item that is chosen by whatever is given for one. */
const chosen =
  (value: (score: SavedScores['scores'][0]['scores'][0]) => number) =>
  ({ scores }: SavedScores) =>
    scores.map(({ scores: options }) => {
      const values = options.map(value);
      return values.indexOf(Math.max(...values));
    });

describe('scores on disk', () => {
  it('give any metric again, as the scores that were written give it', async () => {
    const dir = await evaluated('all');
    const metrics = {
      sum: chosen(({ logprob }) => logprob),
      tokens: chosen(({ logprob, tokens }) => logprob / tokens),
      bytes: chosen(({ logprob, bytes }) => logprob / bytes),
      pmi: chosen(({ logprob, unconditional }) => logprob - unconditional!),
    };
    const got: Record<string, number[]> = {};
    for (const [name, metric] of Object.entries(metrics))
      got[name] = (await rescore(dir, metric))[0]!.figures;
    // By hand, of log-probs -1.5 -1 -1.75, -2 -1.5 -1 and -1.25 -2 -1.5; tokens 1 2 3; bytes 6 6 11; without question -2 -1 0.
    expect(got).toEqual({ sum: [1, 2, 0], tokens: [1, 2, 2], bytes: [2, 2, 2], pmi: [0, 0, 0] });
  });

  it('come in the order of items, with what figures are split by', async () => {
    const [ko, sw] = await rescore(await evaluated('order'), (scores) => scores);
    expect(ko).toMatchObject({ task: 'capitals', language: 'ko' });
    expect(ko!.figures.scores.map(({ docId, item }) => [docId, item.id, item.cluster])).toEqual([
      [0, 'q0', 'c0'],
      [1, 'q1', 'c0'],
      [2, 'q2', 'c1'],
    ]);
    expect(ko!.figures.scores[0]!.item.metadata).toEqual({ subject: 'geography' });
    expect(ko!.figures.scores[0]!.letterMass).toBe(0.5);
    expect(sw!.figures.scores).toHaveLength(1);
  });

  it('are those there are of an evaluation that was stopped, its last line cut', async () => {
    const dir = await evaluated('stopped', false);
    const path = join(dir, 'samples_capitals_ko_2026-03-04T05-06-07.089.jsonl');
    writeFileSync(path, readFileSync(path).subarray(0, -20));
    const found = await rescore(dir, ({ scores, ended }) => [ended, ...scores.map(({ docId }) => docId)]);
    expect(found.map(({ figures }) => figures)).toEqual([
      [false, 0, 2],
      [false, 1],
    ]);
  });

  it('are refused with the place of what is damaged, and where there are none', async () => {
    const dir = await evaluated('damaged');
    const file = 'samples_capitals_ko_2026-03-04T05-06-07.089.jsonl';
    const text = readFileSync(join(dir, file), 'utf8');
    writeFileSync(join(dir, file), text.replaceAll('"language":"ko"', '"language":"sw"'));
    await expect(rescore(dir, () => 0, 'shown')).rejects.toThrow(
      `shown/${file}:1: the line is of language "sw" in a file of ko`,
    );
    const empty = join(folder.path, 'empty');
    mkdirSync(empty);
    await expect(rescore(empty, () => 0, 'empty')).rejects.toThrow(/^empty: is no folder of results/);
    await expect(rescore(join(folder.path, 'no'), () => 0, 'no')).rejects.toThrow(UserError);
  });
});
