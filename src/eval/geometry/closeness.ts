/** How near a language is to English in one layer: every figure of `../alignment/`, of vectors as they are and standardised. */
import {
  anc,
  cka,
  cosineGap,
  cosines,
  type Matrix,
  mexa,
  retrieval,
  standardized,
} from '../alignment/index.ts';

/** Figures of one form of the vectors. Snake case, as they are on disk. */
export interface ClosenessFigures {
  /** Mean cosine of translations, and how much larger it is than that of other pairs. */
  cosine: number;
  cosine_gap: number;
  /** Shares of questions whose translation is nearest, each way. */
  retrieval_xx_en: number;
  retrieval_en_xx: number;
  mexa: number;
  /** Linear CKA; biased upwards where there are fewer questions than dimensions. Null where all vectors of a side are equal. */
  cka: number | null;
}

/** A language against English in a layer. */
export interface Closeness {
  /** Questions in both. */
  n: number;
  raw: ClosenessFigures;
  /**
   * Each dimension at mean 0 and deviation 1 over both languages: a few dimensions of Gemma 3 make up a raw cosine. Null where
   * all vectors are one.
   */
  standardized: ClosenessFigures | null;
  /** Standardised by its definition. Null where no dimension changes on both sides. */
  anc: number | null;
}

/**
 * @param xx vectors of a language; row s says in it what row s of `en` says
 * @throws Error unless the two are pairs, at least two, without vectors of zeros
 */
export function closeness(xx: Matrix, en: Matrix): Closeness {
  const [a, b] = standardized(xx, en);
  const isOne = [a, b].every(({ values }) => values.every((value) => value === 0));
  return {
    n: xx.rows,
    raw: figuresOf(xx, en),
    standardized: isOne ? null : figuresOf(a, b),
    anc: varyTogether(xx, en) ? anc(xx, en) : null,
  };
}

function figuresOf(xx: Matrix, en: Matrix): ClosenessFigures {
  const similarity = cosines(xx, en);
  const { pairs, gap } = cosineGap(similarity);
  const { forward, backward } = retrieval(similarity);
  return {
    cosine: pairs,
    cosine_gap: gap,
    retrieval_xx_en: forward,
    retrieval_en_xx: backward,
    mexa: mexa(similarity),
    cka: varying(xx).includes(true) && varying(en).includes(true) ? cka(xx, en) : null,
  };
}

/** Which dimensions change at all. */
function varying({ columns, values }: Matrix): boolean[] {
  const found = Array.from({ length: columns }, () => false);
  for (const [at, value] of values.entries()) if (value !== values[at % columns]) found[at % columns] = true;
  return found;
}

function varyTogether(a: Matrix, b: Matrix): boolean {
  const inB = varying(b);
  return varying(a).some((isVarying, d) => isVarying && inB[d]);
}
