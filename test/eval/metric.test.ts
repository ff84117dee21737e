import { describe, expect, it } from 'vitest';
import { metricNamed, requireMetric } from '../../src/eval/metric.ts';
import { made } from './made.ts';

describe('metrics', () => {
  it('are found by name, and a misspelt one is told the nearest', () => {
    expect(metricNamed('bytes')).toBe('bytes');
    expect(() => metricNamed('token')).toThrow(
      'there is no metric "token"; there are sum, tokens, bytes, pmi. Did you mean tokens?',
    );
    expect(() => metricNamed('perplexity')).toThrow(/pmi$/);
  });

  it('refuse pmi without unconditional scores, with the place and how many more', () => {
    const items = Array.from({ length: 7 }, (_, i) => made({ id: `q${i}`, logprobs: [-1, -2] }));
    expect(() => requireMetric(items, 'sum')).not.toThrow();
    expect(() => requireMetric(items, 'pmi')).toThrow(
      'rows.jsonl:7: item q0: pmi needs the log-probabilities of options without the question, which were not asked for',
    );
    expect(() => requireMetric(items, 'pmi')).toThrow('and 2 more of 7 items');
  });

  it('refuse scores that are no numbers, of no tokens, or not one for each option', () => {
    expect(() => requireMetric([made({ logprobs: [-1, Number.NaN] })], 'sum')).toThrow(
      /option 1 gives no value by sum: .*"logprob":"NaN"/,
    );
    expect(() => requireMetric([made({ logprobs: [-1, -2], scores: [{ tokens: 0 }] })], 'tokens')).toThrow(
      'option 0 gives no value by tokens',
    );
    const short = made({ logprobs: [-1, -2] });
    expect(() => requireMetric([{ ...short, scores: short.scores.slice(1) }], 'sum')).toThrow(
      'has 1 scores for 2 options',
    );
    expect(() => requireMetric([made({ logprobs: [-1, -2], gold: 2 })], 'sum')).toThrow(
      'its right option is number 2 of 0..1',
    );
  });

  it('let one impossible option pass, and refuse where all are', () => {
    const none = Number.NEGATIVE_INFINITY;
    expect(() => requireMetric([made({ logprobs: [-1, none] })], 'sum')).not.toThrow();
    expect(() => requireMetric([made({ logprobs: [none, none] })], 'sum')).toThrow(
      'all its options have probability 0',
    );
  });
});
