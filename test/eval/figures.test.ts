import { describe, expect, it } from 'vitest';
import { itemFigures } from '../../src/eval/figures.ts';
import { made } from './made.ts';

describe('figures of an item', () => {
  it('take the option with the largest log-probability', () => {
    expect(itemFigures(made({ logprobs: [-3, -1, -2], gold: 1 }), 'sum')).toMatchObject({
      chosen: 1,
      correct: true,
      tied: 1,
      expected: 1,
    });
    expect(itemFigures(made({ logprobs: [-3, -1, -2], gold: 2 }), 'sum')).toMatchObject({
      chosen: 1,
      correct: false,
      tied: 1,
      expected: 0,
    });
  });

  it('give the log of the right option among the options', () => {
    // p = 0.1, 0.2, 0.1 of all text: 0.2 / 0.4 = 1/2 of the options.
    const logprobs = [0.1, 0.2, 0.1].map(Math.log);
    expect(itemFigures(made({ logprobs, gold: 1 }), 'sum').choiceLogProb).toBeCloseTo(Math.log(1 / 2), 14);
    expect(itemFigures(made({ logprobs, gold: 0 }), 'sum').choiceLogProb).toBeCloseTo(Math.log(1 / 4), 14);
  });

  it('hold where exponentials of log-probabilities vanish', () => {
    expect(itemFigures(made({ logprobs: [-2000, -2000 - Math.log(3)] }), 'sum').choiceLogProb).toBeCloseTo(
      Math.log(3 / 4),
      12,
    );
  });

  it('take the first of tied options as lm-eval does, and a fair share beside it', () => {
    const tie = (gold: number) => itemFigures(made({ logprobs: [-2, -1, -1, -1], gold }), 'sum');
    expect(tie(1)).toMatchObject({ chosen: 1, correct: true, tied: 3, expected: 1 / 3 });
    expect(tie(2)).toMatchObject({ chosen: 1, correct: false, tied: 3, expected: 1 / 3 });
    expect(tie(0)).toMatchObject({ chosen: 1, correct: false, tied: 3, expected: 0 });
  });

  it('differ by metric, each from the same scores', () => {
    const item = made({
      logprobs: [-4, -6, -9],
      scores: [
        { tokens: 1, bytes: 2, unconditional: -3 },
        { tokens: 4, bytes: 6, unconditional: -8 },
        { tokens: 5, bytes: 18, unconditional: -9.5 },
      ],
    });
    expect(itemFigures(item, 'sum').chosen).toBe(0); // -4 > -6 > -9
    expect(itemFigures(item, 'tokens').chosen).toBe(1); // -4, -6 / 4 = -1.5, -9 / 5 = -1.8
    expect(itemFigures(item, 'bytes').chosen).toBe(2); // -2, -1, -0.5
    expect(itemFigures(item, 'pmi').chosen).toBe(1); // -1, 2, 0.5
    // log-softmax of -1, 2, 0.5 at the first: -1 - log(e^-1 + e^2 + e^0.5) = -3.240...
    expect(itemFigures(item, 'pmi').choiceLogProb).toBeCloseTo(
      -1 - Math.log(Math.exp(-1) + Math.exp(2) + Math.exp(0.5)),
      14,
    );
  });
});

describe('a choice of the US or the UK', () => {
  const asked = (countries: string, given: { gold?: number; language?: string } = {}) =>
    itemFigures(made({ logprobs: [-2, -1, -3], metadata: { countries }, ...given }), 'sum').english;

  it('is told of questions that offer one', () => {
    expect(asked('Spain|US|dummy')).toBe(true);
    expect(asked('Spain|UK|China')).toBe(true);
    expect(asked('Spain|China|US')).toBe(false);
  });

  it('is not told without countries, without such an option, in English, or where it is right', () => {
    expect(asked('Spain|China|Iran')).toBeUndefined();
    expect(asked('Spain|US')).toBeUndefined();
    expect(asked('Spain|US|China', { language: 'en' })).toBeUndefined();
    expect(asked('US|UK|China')).toBeUndefined();
    expect(itemFigures(made({ logprobs: [-1, -2] }), 'sum')).not.toHaveProperty('english');
  });
});
