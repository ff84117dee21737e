import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vectorIdentity } from '../../src/steering/identity.ts';
import { maskedVector, outlierDims } from '../../src/steering/outlier-dims.ts';
import { readVector, writeVector } from '../../src/steering/vector-file.ts';
import { temporaryFolder } from '../temporary.ts';
import { madeVector } from './made.ts';

describe('outlier dimensions', () => {
  it('are those whose mean |value| passes so many times the median', () => {
    // Means of |value|: 1, 2, 30, 3, 2; the median is 2.
    const values_ND = [1, -2, 40, 3, 2, -1, 2, -20, -3, 2];
    expect(outlierDims({ rows: 2, columns: 5, values_ND })).toEqual([2]);
    expect(outlierDims({ rows: 2, columns: 5, values_ND }, 16)).toEqual([]);
    expect(outlierDims({ rows: 2, columns: 5, values_ND }, 1.4)).toEqual([2, 3]);
  });

  it('are found by size, not by mean: signs do not cancel', () => {
    expect(outlierDims({ rows: 2, columns: 3, values_ND: [50, 1, 1, -50, 1, 1] })).toEqual([0]);
  });

  it('are all that are not zero where most are', () => {
    expect(outlierDims({ rows: 1, columns: 4, values_ND: [0, 0, 1e-9, 0] })).toEqual([2]);
  });
});

describe('a masked vector', () => {
  const folder = temporaryFolder();
  const vector = madeVector({ es: [1, 2, 2, 4, 5, 6], ko: [3, 0, 4, 7, 8, 9] });
  const masked = maskedVector(vector, [[2], [1, 0]], 12);

  it('has zeros where it is told to, of each block, and leaves the other as it was', () => {
    expect([...masked.vectors_LD.get('es')!]).toEqual([1, 2, 0, 0, 0, 6]);
    expect([...masked.vectors_LD.get('ko')!]).toEqual([3, 0, 0, 0, 0, 9]);
    expect(vectorIdentity(vector.vectors_LD)).toBe(vector.identity);
  });

  it('says so, with its own norms and identity, and how that one was extracted no more', () => {
    expect(masked.facts.derived).toEqual({
      rule: 'masked',
      from: vector.identity,
      times_median: 12,
      dims: [[2], [0, 1]],
    });
    expect(masked.facts.norms.ko!.vector).toEqual([3, 9]);
    expect(masked.facts.norms.ko!.hidden).toEqual(vector.facts.norms.ko!.hidden);
    expect(masked.identity).not.toBe(vector.identity);
    expect(masked.facts).not.toHaveProperty('extraction');
  });

  it('comes back from disk', async () => {
    const name = join(folder.path, 'masked');
    await writeVector(name, masked);
    expect(await readVector(name)).toEqual(masked);
  });

  it('is refused without a list for each block, or of dimensions that the model lacks', () => {
    expect(() => maskedVector(vector, [[2]])).toThrow('each of 2 blocks, found 1');
    expect(() => maskedVector(vector, [[], [3]])).toThrow('there is no dimension 3');
  });
});
