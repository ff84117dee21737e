/**
 * What every result of steering stands beside: directions that say nothing, another country's vector, and a line of doses.
 * An effect that they have, too, is no effect of the vector.
 *
 * Shape letters: L blocks, D model.
 */
import seedrandom from 'seedrandom';
import { shuffled } from '../data/order.ts';
import { UserError } from '../errors.ts';
import { derivedFacts } from './derive.ts';
import { makeVector, rowNorms } from './identity.ts';
import { languagesOf } from './rows.ts';
import type { SteeringStep, SteeringVector } from './vector.ts';

/** Doses of the line: none, half, as extracted, and the paper's 2. */
export const DOSES: readonly number[] = [0, 0.5, 1, 2];

/** Directions that make a band: one could be lucky. */
const RANDOM_DIRECTIONS = 5;

/**
 * Random directions, each as long as the vector in every language and block. A direction depends on seed, its place in the
 * list, language and block alone: more of them, or fewer languages, leave the others as they are.
 *
 * @returns new vectors of kind `random`, whose facts name the one they stand beside
 */
export function randomControls(
  vector: SteeringVector,
  { seed, count = RANDOM_DIRECTIONS }: { seed: number; count?: number },
): SteeringVector[] {
  return Array.from({ length: count }, (_, index) => randomControl(vector, seed, index));
}

function randomControl(vector: SteeringVector, seed: number, index: number): SteeringVector {
  const { facts } = vector;
  const D = facts.model.hidden_size;
  const vectors_LD = new Map<string, Float32Array>();
  const norms: typeof facts.norms = {};
  for (const language of languagesOf(vector)) {
    const numbers_LD = Float32Array.from(vector.vectors_LD.get(language)!);
    for (const [layer, norm] of rowNorms(numbers_LD, D).entries()) {
      const row_D = numbers_LD.subarray(layer * D, (layer + 1) * D);
      fillRandom(row_D, norm, `${seed}/random/${index}/${language}/${layer}`);
    }
    vectors_LD.set(language, numbers_LD);
    norms[language] = { vector: rowNorms(numbers_LD, D), hidden: [...(facts.norms[language]?.hidden ?? [])] };
  }
  const derived = { rule: 'random' as const, from: vector.identity, seed, index };
  return makeVector(derivedFacts(facts, derived, { kind: 'random', norms }), vectors_LD);
}

/** A direction of the given length, all directions alike: of independent normal numbers. */
function fillRandom(row_D: Float32Array, norm: number, key: string): void {
  const random = seedrandom(key);
  const drawn_D = Float64Array.from(row_D, () => normal(random));
  const length = Math.sqrt(drawn_D.reduce((sum, value) => sum + value * value, 0));
  for (const [d, value] of drawn_D.entries()) row_D[d] = (value * norm) / length;
}

/** Box and Muller's cosine; 1 - u is never 0. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/**
 * The wrong country: every language has another one's vector, with its pairs and norms, and none its own. Languages stand in a
 * seeded circle and each takes the next one's.
 *
 * @returns a new vector of kind `other`, whose facts say whose vector each language has
 * @throws UserError for fewer than two languages, or a vector that serves all
 */
export function wrongCountry(vector: SteeringVector, { seed }: { seed: number }): SteeringVector {
  const languages = languagesOf(vector);
  if (languages.length < 2 || languages.includes('*'))
    throw new UserError(
      `another country's vector takes vectors of at least two languages, found ${languages.join(', ')}`,
    );
  const circle = shuffled(languages, `${seed}/wrong-country`);
  const donors = new Map(circle.map((language, i) => [language, circle[(i + 1) % circle.length]!]));
  const { facts, vectors_LD } = vector;
  const given = <T>(of: (donor: string) => T | undefined): Record<string, T> =>
    Object.fromEntries(
      languages
        .map((language) => [language, of(donors.get(language)!)] as const)
        .filter((entry): entry is readonly [string, T] => entry[1] !== undefined),
    );
  const derived = {
    rule: 'wrong_country' as const,
    from: vector.identity,
    seed,
    languages: given((donor) => donor),
  };
  return makeVector(
    derivedFacts(facts, derived, {
      kind: 'other',
      pairs: given((donor) => facts.pairs[donor]),
      norms: given((donor) => facts.norms[donor]),
    }),
    new Map(languages.map((language) => [language, vectors_LD.get(donors.get(language)!)!.slice()])),
  );
}

/** The same step at other doses, none among them: an effect that does not grow with the dose is suspect. */
export function doseLine(step: SteeringStep, gammas: readonly number[] = DOSES): SteeringStep[] {
  return gammas.map((gamma) => ({ ...step, gamma }));
}
