/**
 * How well held-out translations are aligned after `layer` blocks: by language, and the mean of languages. `_std` figures
 * are of standardised vectors, as raw cosines of Gemma 3 tell next to nothing.
 *
 * Shape letters: S sentences, D model.
 */
import { chunk } from '../../data/index.ts';
import { ENGLISH } from '../../data/parallel/index.ts';
import {
  cosineGap,
  cosines,
  type Matrix,
  matrix,
  mexa,
  retrieval,
  standardized,
} from '../../eval/alignment/index.ts';
import type { Gemma3 } from '../../model/index.ts';
import type { Measure } from '../method.ts';
import type { Sentences } from './data.ts';
import { type PoolerOptions, pooledVectors } from './pooler.ts';

/** Sentences read at once. */
const AT_ONCE = 16;
/** MEXA is of the first so many sentences (compute_mexa.py). */
const MEXA_SENTENCES = 100;

/** What `alignMeasure` finds, without those of each language. */
export const ALIGN_FIGURES = ['', '_std'].flatMap((suffix) =>
  ['eval_retrieval_xx_en', 'eval_retrieval_en_xx', 'eval_cosine_gap', 'eval_mexa'].map(
    (name) => `${name}${suffix}`,
  ),
);

/** Retrieval, MEXA and cosines, against English where the set has it, else against its first language. */
export function alignMeasure(
  model: Gemma3,
  { languages, ids, tokens }: Sentences,
  options: PoolerOptions,
): Measure {
  const vectors = new Map<string, Float32Array[]>(languages.map((language) => [language, []]));
  const weighted = new Map<string, Float32Array[]>(languages.map((language) => [language, []]));
  // embed_extractor.py: weighted by position, <bos> included.
  const ofMexa = { ...options, bos: true, weights: 'position' as const };
  const pool = (sentences: Int32Array[], pooler: PoolerOptions, into: Float32Array[]) => {
    into.push(...pooledVectors(model, sentences, pooler));
  };
  return {
    *pieces() {
      for (const language of languages) {
        const sentences = ids.map((_, index) => tokens.ids(language, index));
        for (const group of chunk(sentences, AT_ONCE))
          yield () => pool(group, options, vectors.get(language)!);
        for (const group of chunk(sentences.slice(0, MEXA_SENTENCES), AT_ONCE))
          yield () => pool(group, ofMexa, weighted.get(language)!);
      }
    },
    figures() {
      const main = languages.includes(ENGLISH) ? ENGLISH : languages[0]!;
      const found = languages
        .filter((language) => language !== main)
        .map((language) => {
          const side = (of: typeof vectors, which: string) => matrix(of.get(which)!);
          return {
            language,
            figures: {
              ...figuresOf(side(vectors, language), side(vectors, main), ''),
              ...figuresOf(...standardized(side(vectors, language), side(vectors, main)), '_std'),
              eval_mexa: mexa(cosines(side(weighted, main), side(weighted, language))),
              eval_mexa_std: mexa(cosines(...standardized(side(weighted, main), side(weighted, language)))),
            } as Record<string, number>,
          };
        });
      const names = Object.keys(found[0]!.figures);
      const means = names.map((name) => [
        name,
        found.reduce((sum, { figures }) => sum + figures[name]!, 0) / found.length,
      ]);
      const each = found.flatMap(({ language, figures }) =>
        names.map((name) => [`${name}/${language}`, figures[name]!]),
      );
      return Object.fromEntries([...means, ...each]);
    },
  };
}

function figuresOf(xx: Matrix, en: Matrix, suffix: string): Record<string, number> {
  const similarity = cosines(xx, en);
  const { forward, backward } = retrieval(similarity);
  return {
    [`eval_retrieval_xx_en${suffix}`]: forward,
    [`eval_retrieval_en_xx${suffix}`]: backward,
    [`eval_cosine_gap${suffix}`]: cosineGap(similarity).gap,
  };
}
