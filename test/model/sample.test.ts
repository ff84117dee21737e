import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { candidates, draw } from '../../src/model/sample.ts';

const all = { temperature: 1, topK: 0, topP: 1 };

describe('candidates', () => {
  const logits = Float32Array.from([0, 3, 1, 2]);

  it('keeps the k likeliest and makes them sum to one', () => {
    const kept = candidates(logits, { ...all, topK: 2 });
    expect(kept.map(({ id }) => id)).toEqual([1, 3]);
    expect(kept[0]!.p).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  });

  it('keeps the likeliest whose probabilities reach p, at least one', () => {
    const ids = (topP: number) => candidates(logits, { ...all, topP }).map(({ id }) => id);
    expect(ids(0.01)).toEqual([1]);
    expect(ids(0.85)).toEqual([1, 3]);
    expect(ids(1)).toEqual([1, 3, 2, 0]);
  });

  it('counts p among the k likeliest, as transformers does', () => {
    const ids = candidates(logits, { ...all, topK: 2, topP: 0.7 }).map(({ id }) => id);
    expect(ids).toEqual([1]);
  });

  it('is greedier at a lower temperature', () => {
    expect(candidates(logits, { ...all, temperature: 0.1 })[0]!.p).toBeGreaterThan(
      candidates(logits, { ...all, temperature: 2 })[0]!.p,
    );
  });

  it('is what sorting the whole vocabulary gives', () => {
    const logit = fc.integer({ min: -600, max: 600 }).map((x) => x / 2);
    const values = fc.array(logit, { minLength: 1, maxLength: 60 });
    const property = fc.property(
      values,
      fc.nat(70),
      fc.oneof(fc.constant(1), fc.double({ min: 0.01, max: 0.99, noNaN: true })),
      (list, topK, topP) => {
        const given = Float32Array.from(list);
        expect(candidates(given, { temperature: 1, topK, topP }).map(({ id }) => given[id])).toEqual(
          bySorting(given, topK, topP).map((id) => given[id]),
        );
      },
    );
    fc.assert(property, { seed: 4, numRuns: 500 });
  });
});

/** The definition, with everything sorted. */
function bySorting(logits: Float32Array, topK: number, topP: number): number[] {
  const top = Math.max(...logits);
  let kept = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b);
  if (topK > 0) kept = kept.slice(0, topK);
  if (topP >= 1) return kept;
  const weight = (id: number) => Math.exp(logits[id]! - top);
  const sum = kept.reduce((s, id) => s + weight(id), 0);
  const count = kept.findIndex(
    (_, i) => kept.slice(0, i + 1).reduce((s, id) => s + weight(id), 0) >= topP * sum * (1 - 1e-12),
  );
  return kept.slice(0, count < 0 ? kept.length : count + 1);
}

describe('draw', () => {
  it.each([
    ['from all tokens', all],
    ['from the likeliest', { ...all, topK: 3 }],
    ['from a nucleus', { ...all, topP: 0.95 }],
  ])('%s: each as often as its probability says', (_, options) => {
    const logits = Float32Array.from([0, 1, Math.log(2), -1]);
    const expected = new Map(candidates(logits, options).map(({ id, p }) => [id, p]));
    const counts = new Map<number, number>();
    const n = 20_000;
    for (let i = 0; i < n; i++) {
      const id = draw(logits, options, (i + 0.5) / n);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [id, p] of expected) expect(counts.get(id)! / n).toBeCloseTo(p, 3);
  });
});
