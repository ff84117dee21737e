import { describe, expect, it } from 'vitest';
import type { CloPair } from '../../src/losses/index.ts';
import { bestBy, bestOf } from '../../src/trainers/best.ts';
import { CLO_FIGURES, cloFigures } from '../../src/trainers/clo/figures.ts';
import { recipe } from './tiny-run.ts';

const evaluated = new Map([
  [0, { acc: 0.9 }],
  [2, { acc: 0.5 }],
  [4, { acc: 0.5 }],
  [6, { acc: 0.3 }],
  [8, { acc: Number.NaN }],
]);
const by = (isHighest: boolean) => ({ metric: 'acc', isHighest });

describe('the best of the steps', () => {
  it('is the first of the highest or the lowest; never the model before the first step, nor what is no number', () => {
    expect(bestOf(evaluated, by(true), [0, 8, 4, 2, 6])).toEqual({ step: 2, value: 0.5 });
    expect(bestOf(evaluated, by(false), [2, 4, 6, 8])).toEqual({ step: 6, value: 0.3 });
  });

  it('is one that has a checkpoint', () => {
    expect(bestOf(evaluated, by(true), [6])).toEqual({ step: 6, value: 0.3 });
    expect(bestOf(evaluated, by(true), [0, 1])).toBeUndefined();
  });

  it('is the lowest of losses and the highest of all else, unless told', () => {
    const direction = (metric: string, ...more: string[]) =>
      bestBy(recipe('data.eval_fraction=0.1', `checkpoint.best_metric=${metric}`, ...more))?.isHighest;
    for (const loss of ['eval_loss', 'eval_loss/es', 'eval_nll', 'eval_preference_loss', 'eval_saturated/ko'])
      expect(direction(loss), loss).toBe(false);
    for (const gain of ['eval_toy_acc', 'eval_toy_choice_logprob/es', 'eval_mexa', 'eval_rewards/margins'])
      expect(direction(gain), gain).toBe(true);
    expect(direction('eval_loss', 'checkpoint.best_is=highest')).toBe(true);
    expect(bestBy(recipe())).toBeUndefined();
  });
});

describe('the names that a best checkpoint may be chosen by', () => {
  it('are those that are logged of pairs', () => {
    const side = { loss: 1, rewardChosen: 1, rewardRejected: 1, margin: 1, accuracy: 1 };
    const logps = { en_en: 0, en_xx: 0, xx_xx: 0, xx_en: 0 };
    const figures = cloFigures();
    figures.add([{ en: side, xx: side, logps, saturated: 0, nllSum: 1, numTargets: 1 } as CloPair], ['es']);
    const names = Object.keys(figures.figures()).filter((name) => !name.endsWith('/es'));
    expect(names.sort()).toEqual([...CLO_FIGURES].sort());
  });
});
