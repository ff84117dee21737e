import { describe, expect, it } from 'vitest';
import { constantWithWarmup, linearWithWarmup, warmupSteps } from '../../src/trainers/schedule.ts';

describe('linearWithWarmup', () => {
  it('gives the factors of transformers get_linear_schedule_with_warmup', () => {
    // [f(s, num_warmup_steps=3, num_training_steps=10) for s in range(11)], transformers 5.18.
    const expected = [0, 1 / 3, 2 / 3, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7, 0];
    expect(expected.map((_, step) => linearWithWarmup(step, 3, 10))).toEqual(expected);
  });

  it('starts at 1 without warm-up and stays at 0 past the end', () => {
    expect(linearWithWarmup(0, 0, 4)).toBe(1);
    expect(linearWithWarmup(9, 0, 4)).toBe(0);
  });
});

describe('constantWithWarmup', () => {
  it('rises to 1 and stays', () => {
    expect([0, 1, 2, 3].map((step) => constantWithWarmup(step, 2))).toEqual([0, 0.5, 1, 1]);
  });
});

describe('warmupSteps', () => {
  it('rounds up, as transformers does', () => {
    expect([warmupSteps(0.03, 100), warmupSteps(0.03, 101), warmupSteps(0, 5)]).toEqual([3, 4, 0]);
  });
});
