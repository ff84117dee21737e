import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { fromSample, parseSample, toSample } from '../../../src/eval/results/sample.ts';
import { figuresOf, scoredItem } from './fixture.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
const line = (scored = scoredItem(4)) => JSON.stringify(toSample(4, scored, 'e', figuresOf));
const read = (text: string) => {
  const sample = parseSample(text);
  if (typeof sample === 'string') throw new Error(sample);
  return sample;
};

describe('a line of a samples file', () => {
  it('begins with the keys of lm-eval, in its order', () => {
    const keys =
      'doc_id doc target arguments resps filtered_resps filter metrics doc_hash prompt_hash target_hash acc';
    expect(Object.keys(JSON.parse(line())).slice(0, 12)).toEqual(keys.split(' '));
  });

  it('has answers as strings, as Python spells them, and as numbers beside them', () => {
    const sample = read(line());
    expect(sample.filtered_resps).toEqual([
      ['-1.0', 'True'],
      ['-1.75', 'False'],
      ['-1.25', 'False'],
    ]);
    expect(sample.resps).toEqual(sample.filtered_resps.map((answer) => [answer]));
    expect(sample.logprobs).toEqual([-1, -1.75, -1.25]);
    expect(sample).toMatchObject({ n_tokens: [1, 2, 3], n_bytes: [6, 6, 11], letter_mass: 0.5 });
  });

  it('has the figures of the sum: lm-eval accuracy and the choice log-probability', () => {
    const sample = read(line());
    expect(sample).toMatchObject({
      target: '1',
      acc: 0,
      chosen: 0,
      correct: false,
      tied: 1,
      acc_expected: 0,
    });
    const total = Math.exp(-1) + Math.exp(-1.75) + Math.exp(-1.25);
    expect(sample.choice_logprob).toBeCloseTo(-1.75 - Math.log(total), 12);
    const right = { ...scoredItem(4), item: { ...scoredItem(4).item, gold: 0 } };
    expect(read(line(right))).toMatchObject({ target: '0', acc: 1, correct: true, acc_expected: 1 });
  });

  it('has an argument for each option, and the hashes of the row, the prompt and the target', () => {
    const sample = read(line());
    const prompt = '질문: 수도 4?\nA:';
    expect(sample.arguments).toEqual({
      gen_args_0: { arg_0: prompt, arg_1: ' A' },
      gen_args_1: { arg_0: prompt, arg_1: ' B' },
      gen_args_2: { arg_0: prompt, arg_1: ' C' },
    });
    expect(sample.doc_hash).toBe(hash('{\n  "id": 4,\n  "question": "수도 4?",\n  "answer": null\n}'));
    expect(sample.prompt_hash).toBe(hash(prompt));
    expect(sample.target_hash).toBe(hash('1'));
  });

  it('gives back what it was made of', () => {
    const scored = scoredItem(2);
    expect(fromSample(read(line(scored)))).toEqual(scored);
    const { letterMass: _, ...text } = scored;
    const pmi = { ...text, scores: scored.scores.map((score) => ({ ...score, unconditional: -0.25 })) };
    expect(fromSample(read(line(pmi)))).toEqual(pmi);
  });

  it('keeps an option that cannot be: null beside "-inf"', () => {
    const { scores } = scoredItem(0);
    const scored = scoredItem(0, 'ko', {
      scores: [scores[0]!, { ...scores[1]!, logprob: Number.NEGATIVE_INFINITY }, scores[2]!],
    });
    const sample = read(line(scored));
    expect(sample.logprobs[1]).toBeNull();
    expect(sample.filtered_resps[1]).toEqual(['-inf', 'False']);
    expect(fromSample(sample)).toEqual(scored);
  });

  it('refuses what is no number, with the place of the item', () => {
    const scored = scoredItem(0);
    const broken = { ...scored, scores: scored.scores.map((score) => ({ ...score, logprob: Number.NaN })) };
    expect(() => line(broken)).toThrow(UserError);
    expect(() => line(broken)).toThrow(
      'capitals.ko.jsonl:1: the model gives nan as a log-probability of item q0',
    );
  });

  it.each([
    ['cut', line().slice(0, 50), 'is no JSON'],
    ['a list', '[]', 'is no JSON object'],
    ['without log-probs', line().replace('"logprobs"', '"logprob"'), 'has no logprobs'],
    ['with too few log-probs', line().replace('[-1,-1.75,-1.25]', '[-1,-1.75]'), 'has no logprobs'],
    ['with a log-prob of text', line().replace('[-1,', '["x",'), 'has no logprobs'],
    ['with an answer outside the options', line().replace('"gold":1', '"gold":3'), 'has no gold'],
    ['without a prompt of an option', line().replace('gen_args_2', 'gen_args_7'), 'has no arguments'],
  ])('is not taken %s', (_, text, reason) => {
    expect(parseSample(text)).toContain(reason);
  });
});
