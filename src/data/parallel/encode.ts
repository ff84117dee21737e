/** Turns parallel sentences into token ids: bare, as their hidden states are compared. */
import { createHash } from 'node:crypto';
import { UserError } from '../../errors.ts';
import type { Tokenizer } from '../../model/tokenizer/index.ts';
import { named } from './problems.ts';
import type { ParallelSet } from './set.ts';

/** Parallel sentences as tokens. */
export interface EncodedSentences {
  /** Ids of sentence `index` in a language: `<bos>` and at least one more, no template, no end. */
  ids(language: string, index: number): Int32Array;
  numTokens: number;
  /** Tokens of the longest. */
  longest: number;
  /** Sentences that lost their end, by language; those without are left out. */
  truncated: ReadonlyMap<string, number>;
  /** SHA-256 over the ids of all sentences, language by language. */
  sha256: string;
  /** What was cut, for the user to know. */
  notes: readonly string[];
}

/**
 * Encodes every sentence; what is beyond `maxTokens` (`<bos>` included) is cut off at the end. Special tokens that a sentence
 * spells stay text.
 * @throws UserError if `maxTokens` leaves no room, or a sentence has no token
 */
export function encodeSentences(set: ParallelSet, tokenizer: Tokenizer, maxTokens: number): EncodedSentences {
  if (!(maxTokens >= 2))
    throw new UserError(`sentences of ${maxTokens} tokens hold nothing but <bos>; allow 2 or more`);
  const encoded = new Map<string, Int32Array[]>();
  const truncated = new Map<string, number>();
  const hash = createHash('sha256');
  let numTokens = 0;
  let longest = 0;
  for (const language of set.languages) {
    const sentences = set.ids.map((_, index) => {
      const whole = tokenizer.encode(set.text(language, index));
      if (whole.length < 2) {
        const message = `${tokenizer.path} makes no token of the sentence`;
        throw new UserError({ ...set.place(language, index), message });
      }
      if (whole.length > maxTokens) truncated.set(language, (truncated.get(language) ?? 0) + 1);
      const ids = Int32Array.from(whole.slice(0, maxTokens));
      numTokens += ids.length;
      longest = Math.max(longest, ids.length);
      // Its length first: the same ids cut elsewhere are other sentences.
      hash.update(String(ids.length)).update(Buffer.from(ids.buffer));
      return ids;
    });
    encoded.set(language, sentences);
  }
  return {
    ids(language, index) {
      const ids = encoded.get(language)?.[index];
      if (ids === undefined) throw new Error(`the set has no sentence ${index} in ${language}`);
      return ids;
    },
    numTokens,
    longest,
    truncated,
    sha256: hash.digest('hex'),
    notes: truncationNote(set, truncated, maxTokens),
  };
}

function truncationNote(
  { name, ids, languages }: ParallelSet,
  truncated: ReadonlyMap<string, number>,
  maxTokens: number,
): string[] {
  if (truncated.size === 0) return [];
  const counts = languages.flatMap((language) =>
    truncated.has(language) ? `${language} ${truncated.get(language)}` : [],
  );
  return [
    `${name}: of ${ids.length} sentences a language, some lose their end to ${maxTokens} tokens: ${named(counts)}`,
  ];
}
