import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { doseLine, randomControls, wrongCountry } from '../../src/steering/controls.ts';
import { rowNorms, vectorIdentity } from '../../src/steering/identity.ts';
import { cosineOf } from '../../src/steering/perpendicularity.ts';
import { readVector, writeVector } from '../../src/steering/vector-file.ts';
import { temporaryFolder } from '../temporary.ts';
import { madeVector } from './made.ts';

const folder = temporaryFolder();
const vector = madeVector({ es: [1, 2, 2, 0, -3, 4], ko: [3, 0, 4, 0, 0, 0], zh: [1, 1, 1, 2, 2, 2] });

describe('random directions', () => {
  const controls = randomControls(vector, { seed: 7, count: 3 });

  it('are as long as the vector, in every language and block', () => {
    for (const { vectors_LD, facts } of controls)
      for (const [language, numbers_LD] of vectors_LD)
        for (const [layer, norm] of rowNorms(numbers_LD, 3).entries()) {
          expect(norm).toBeCloseTo(vector.facts.norms[language]!.vector[layer]!, 5);
          expect(facts.norms[language]!.vector[layer]).toBe(norm);
        }
  });

  it('differ from each other, from language to language and from block to block', () => {
    const rows = controls.flatMap(({ vectors_LD }) =>
      ['es', 'zh'].flatMap((language) => [0, 3].map((at) => vectors_LD.get(language)!.subarray(at, at + 3))),
    );
    for (const [i, row] of rows.entries())
      for (const other of rows.slice(0, i)) expect(cosineOf(row, other)).toBeLessThan(0.9999);
  });

  it('follow from the seed alone: more of them, or fewer languages, leave the others as they are', () => {
    const [first] = randomControls(vector, { seed: 7, count: 1 });
    expect(first).toEqual(controls[0]);
    const only = madeVector({ ko: [3, 0, 4, 0, 0, 0] });
    const [alone] = randomControls(only, { seed: 7, count: 1 });
    expect(alone!.vectors_LD.get('ko')).toEqual(first!.vectors_LD.get('ko'));
    expect(randomControls(vector, { seed: 8, count: 1 })[0]!.identity).not.toBe(first!.identity);
  });

  it('point every way: their mean over many is short', () => {
    const many = randomControls(madeVector({ es: [1, 0, 0, 1, 0, 0] }), { seed: 1, count: 400 });
    const mean = [0, 1, 2].map(
      (d) => many.reduce((sum, { vectors_LD }) => sum + vectors_LD.get('es')![d]!, 0) / many.length,
    );
    expect(Math.hypot(...mean)).toBeLessThan(0.15);
  });

  it('name the vector that they stand beside, and leave it as it was', () => {
    const derived = { rule: 'random', from: vector.identity, seed: 7, index: 2 };
    expect(controls[2]!.facts).toMatchObject({ kind: 'random', derived });
    expect(vectorIdentity(vector.vectors_LD)).toBe(vector.identity);
  });

  it('of nothing are nothing', () => {
    const none = randomControls(madeVector({ es: [0, 0, 0, 0, 0, 0] }), { seed: 1, count: 1 })[0]!;
    expect([...none.vectors_LD.get('es')!].every((value) => value === 0)).toBe(true);
  });
});

describe("another country's vector", () => {
  it('is in no language its own, for any seed', () => {
    for (let seed = 0; seed < 20; seed++) {
      const other = wrongCountry(vector, { seed });
      const { derived } = other.facts;
      if (derived?.rule !== 'wrong_country') throw new Error('facts do not say what was done');
      expect(Object.keys(derived.languages)).toEqual(['es', 'ko', 'zh']);
      expect(Object.values(derived.languages).sort()).toEqual(['es', 'ko', 'zh']);
      for (const [language, donor] of Object.entries(derived.languages)) {
        expect(donor).not.toBe(language);
        expect(other.vectors_LD.get(language)).toEqual(vector.vectors_LD.get(donor));
        expect(other.facts.norms[language]).toEqual(vector.facts.norms[donor]);
      }
    }
  });

  it('follows from the seed, and seeds give both ways round', () => {
    const identities = Array.from({ length: 20 }, (_, seed) => wrongCountry(vector, { seed }).identity);
    expect(new Set(identities).size).toBe(2);
    expect(wrongCountry(vector, { seed: 3 })).toEqual(wrongCountry(vector, { seed: 3 }));
  });

  it('is a copy: nothing of the vector can change through it', () => {
    const other = wrongCountry(vector, { seed: 1 });
    for (const numbers_LD of other.vectors_LD.values()) numbers_LD.fill(0);
    expect(vectorIdentity(vector.vectors_LD)).toBe(vector.identity);
  });

  it('is refused where there is no other country', () => {
    expect(() => wrongCountry(madeVector({ es: [1, 2, 3, 4, 5, 6] }), { seed: 1 })).toThrow(
      'at least two languages, found es',
    );
  });
});

describe('a line of doses', () => {
  it('is the same step at gamma 0, .5, 1 and 2', () => {
    const step = { vector, layer: 1, gamma: 3, tokens: 'prompt_end' as const };
    expect(doseLine(step)).toEqual([0, 0.5, 1, 2].map((gamma) => ({ ...step, gamma })));
  });
});

describe('controls on disk', () => {
  it('come back as they were', async () => {
    const made = [randomControls(vector, { seed: 1, count: 1 })[0]!, wrongCountry(vector, { seed: 1 })];
    for (const [i, control] of made.entries()) {
      const name = join(folder.path, `control-${i}`);
      await writeVector(name, control);
      expect(await readVector(name)).toEqual(control);
    }
  });
});
