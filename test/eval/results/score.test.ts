import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { openEvaluation, rescore, type SavedTask } from '../../../src/eval/results/index.ts';
import { temporaryFolder } from '../../temporary.ts';
import { figuresOf, KEY, scoredItem } from './fixture.ts';

const folder = temporaryFolder();
const TIME = new Date('2026-03-04T05:06:07.089Z');

/** Of results all that scores are held to. */
const RESULTS = JSON.stringify({
  'n-samples': { capitals_ko: { effective: 3 }, capitals_sw: { effective: 1 } },
});

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
  if (end) await evaluation.finish(async () => RESULTS);
  await evaluation.close();
  return dir;
}

/** The option of each item that is chosen by whatever is given for one. */
const chosen =
  (value: (score: SavedTask['scores'][0]['scores'][0]) => number) =>
  ({ scores }: SavedTask) =>
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
    // By hand, of log-probs -1.5 -1 -1.75, -2 -1.5 -1 and -1.25 -2 -1.5 (ko 0, 1, 2; sw 1 has those of ko 1), tokens 1 2 3,
    // bytes 6 6 11, and log-probs without the question -2 -1 0.
    expect(got).toEqual({ sum: [1, 2, 0, 2], tokens: [1, 2, 2, 2], bytes: [2, 2, 2, 2], pmi: [0, 0, 0, 0] });
  });

  it('come task by task, by language and in the order of items, with what figures are split by', async () => {
    const tasks = await rescore(await evaluated('order'), (scores) => scores);
    expect(tasks.map(({ task }) => task)).toEqual(['capitals']);
    const { scores, asked, ended } = tasks[0]!.figures;
    expect(scores.map(({ docId, item }) => [item.language, docId, item.id, item.cluster])).toEqual([
      ['ko', 0, 'q0', 'c0'],
      ['ko', 1, 'q1', 'c0'],
      ['ko', 2, 'q2', 'c1'],
      ['sw', 1, 'q1', 'c0'],
    ]);
    expect(scores[0]!.item.metadata).toEqual({ subject: 'geography' });
    expect(scores[0]!.letterMass).toBe(0.5);
    expect({ asked, ended }).toEqual({ asked: KEY.tasks.capitals, ended: true });
  });

  it('are those there are of an evaluation that was stopped, its last line cut', async () => {
    const dir = await evaluated('stopped', false);
    const path = join(dir, 'samples_capitals_ko_2026-03-04T05-06-07.089.jsonl');
    writeFileSync(path, readFileSync(path).subarray(0, -20));
    const found = await rescore(dir, ({ scores, ended }) => [ended, ...scores.map(({ docId }) => docId)]);
    expect(found).toEqual([{ task: 'capitals', figures: [false, 0, 2, 1] }]);
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
