import { describe, expect, it } from 'vitest';
import { languageColours, methodStyles, steeringColours } from '../../../src/eval/plots/style.ts';

/** What a person without green cones sees of a colour, in linear light (Viénot, Brettel and Mollon 1999). */
function deuteranope(colour: string): number[] {
  const [r, g, b] = [1, 3, 5].map((at) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2) as [
    number,
    number,
    number,
  ];
  const [red, blue] = [0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b];
  return [red, red, blue];
}
/** Lightness and hue as they are seen apart: distance of gamma-coded values, 0 to 1.7. */
const apart = (a: string, b: string) => {
  const [x, y] = [deuteranope(a), deuteranope(b)].map((light) =>
    light.map((value) => Math.max(0, value) ** (1 / 2.2)),
  );
  return Math.hypot(...x!.map((value, i) => value - y![i]!));
};

describe('colours', () => {
  it('of a method are the same in every figure, whatever else is drawn', () => {
    const colour = (names: string[], name: string) => methodStyles(names).get(name)!.colour;
    expect(colour(['CLO', 'mine'], 'CLO')).toBe(colour(['other', 'MIST', 'CLO + SUR', 'CLO'], 'CLO'));
    expect(colour(['CLO', 'CLO + SUR'], 'CLO + SUR')).toBe(colour(['CLO'], 'CLO'));
    expect(colour(['MIST', 'mine'], 'mine')).not.toBe(colour(['MIST'], 'MIST'));
  });

  it('of edits are the training, and their marks tell them apart', () => {
    const styles = methodStyles(['CLO', 'CLO + EN', 'CLO + LOC@28', 'CLO + SUR', 'CLO + random 1']);
    expect(new Set([...styles.values()].map(({ shape }) => shape)).size).toBe(5);
    expect(new Set([...styles.values()].map(({ fill }) => fill)).size).toBeGreaterThan(3);
  });

  it('are told apart by the colour-blind', () => {
    const sets = [
      [...methodStyles(['UNALIGNED', 'MIST', 'CLO', 'MIDALIGN']).values()].map(({ colour }) => colour),
      [...languageColours(['en', 'es', 'id', 'ko', 'el', 'zh', 'ar']).values()],
      [...steeringColours(['EN', 'LOC', 'SUR']).values()],
    ];
    for (const set of sets)
      for (const [i, a] of set.entries())
        for (const b of set.slice(i + 1)) expect(apart(a, b), `${a} ${b}`).toBeGreaterThan(0.1);
  });
});
