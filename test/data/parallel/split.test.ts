import { describe, expect, it } from 'vitest';
import { type Instruction, splitInstructions } from '../../../src/data/parallel/index.ts';

const place = { file: 'f', line: 1 };
const item = (id: number, lang: string, xEn = `x${id}`, xXx = `${lang}${id}`): Instruction => ({
  id: String(id),
  lang,
  xEn,
  yEn: 'y',
  xXx,
  yXx: 'z',
  placeEn: place,
  placeXx: place,
});
const many = Array.from({ length: 1000 }, (_, id) => [item(id, 'es'), item(id, 'ko')]).flat();
const ids = (items: Instruction[]) => new Set(items.map(({ id }) => id));

describe('splitInstructions', () => {
  it('holds out about the fraction of the ids, with all of their languages', () => {
    const { train, heldOut } = splitInstructions(many, 0.1, 1);
    // 100 expected, standard deviation 9.5.
    expect(Math.abs(ids(heldOut).size - 100)).toBeLessThan(48);
    expect(heldOut).toHaveLength(2 * ids(heldOut).size);
    expect([...ids(train)].filter((id) => ids(heldOut).has(id))).toEqual([]);
    expect(train.length + heldOut.length).toBe(2000);
  });

  it('depends on the seed, not on the order of the rows', () => {
    const side = (items: Instruction[], seed: number) =>
      [...ids(splitInstructions(items, 0.1, seed).heldOut)].sort();
    expect(side(many.toReversed(), 1)).toEqual(side(many, 1));
    expect(side(many, 2)).not.toEqual(side(many, 1));
  });

  it('keeps ids together that share a prompt in any language', () => {
    // 0 and 1 ask the same in English, 1 and 2 in Spanish.
    for (let seed = 0; seed < 50; seed++) {
      const { train } = splitInstructions(
        [item(0, 'ko', 'same'), item(1, 'es', 'same', 'igual'), item(2, 'es', 'other', ' igual')],
        0.5,
        seed,
      );
      expect([0, 3]).toContain(train.length);
    }
  });

  it('holds nothing out at 0, everything at 1', () => {
    expect(splitInstructions(many, 0, 1).heldOut).toEqual([]);
    expect(splitInstructions(many, 1, 1).train).toEqual([]);
  });
});
