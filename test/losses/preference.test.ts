import { describe, expect, it } from 'vitest';
import { preference, SATURATED } from '../../src/losses/index.ts';

const response = (ratio: number, n = 4) => ({ logp: ratio - 30, reference: -30, n });
const of = (chosen: number, rejected: number, beta = 1) =>
  preference(response(chosen), response(rejected), { beta, normalize: 'none' });

describe('a preference', () => {
  it('costs log 2 where policy and reference agree, with a slope of beta / 2 to either side', () => {
    const equal = of(0, 0, 0.3);
    expect(equal.loss).toBeCloseTo(Math.LN2, 15);
    expect(equal).toMatchObject({ z: 0, margin: 0, accuracy: 0, saturated: 0 });
    expect([equal.slopeChosen, equal.slopeRejected]).toEqual([-0.15, 0.15]);
  });

  it('turns the sign of z when chosen and rejected change places', () => {
    const [a, b] = [of(2, -0.5, 0.7), of(-0.5, 2, 0.7)];
    expect(a.z).toBeCloseTo(1.75, 12);
    expect(b.z).toBeCloseTo(-a.z, 12);
    expect(b.loss - a.loss).toBeCloseTo(a.z, 12); // softplus(z) - softplus(-z) = z
    expect([a.accuracy, b.accuracy]).toEqual([1, 0]);
  });

  it('has the slopes of finite differences', () => {
    const step = 1e-5;
    for (const normalize of ['none', 'tokens'] as const) {
      const at = (chosen: number, rejected: number) =>
        preference(response(chosen, 3), response(rejected, 5), { beta: 0.7, normalize });
      const { slopeChosen, slopeRejected } = at(1, 2);
      expect(slopeChosen).toBeCloseTo((at(1 + step, 2).loss - at(1 - step, 2).loss) / (2 * step), 8);
      expect(slopeRejected).toBeCloseTo((at(1, 2 + step).loss - at(1, 2 - step).loss) / (2 * step), 8);
    }
  });

  it('stays finite where e^|z| does not', () => {
    for (const z of [701, 1e4, 1e300]) {
      expect(of(z, 0).saturated).toBe(1);
      for (const small of [of(z, 0).loss, -of(z, 0).slopeChosen, of(z, 0).slopeRejected]) {
        expect(small).toBeGreaterThanOrEqual(0);
        expect(small).toBeLessThan(1e-300);
      }
      expect(of(-z, 0)).toMatchObject({ loss: z, slopeChosen: -1, slopeRejected: 1, saturated: 1 });
    }
  });

  it('is saturated where the slope of the sigmoid is under a thousandth, on either side', () => {
    expect(SATURATED).toBe(1e-3);
    for (const sign of [1, -1]) {
      expect(of(sign * 6.905, 0).saturated).toBe(0);
      expect(of(sign * 6.907, 0).saturated).toBe(1);
    }
  });

  it('divides log-ratios by tokens for z if asked to, and never for rewards', () => {
    const p = preference(response(6, 3), response(-10, 5), { beta: 0.5, normalize: 'tokens' });
    expect(p.z).toBeCloseTo(0.5 * (6 / 3 + 10 / 5), 12);
    expect(p.rewardChosen).toBeCloseTo(3, 12);
    expect(p.rewardRejected).toBeCloseTo(-5, 12);
    expect(p.margin).toBeCloseTo(8, 12);
  });
});
