/** Whether a tokenizer belongs to a model. */
import { UserError } from '../../errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/**
 * Holds ids to the rows of the embedding.
 * @param vocabSize how many there are
 * @throws UserError naming the first token that has none
 */
export function requireIds(ids: ArrayLike<number>, vocabSize: number, tokenizer: Tokenizer): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id < vocabSize) continue;
    const message = `gives id ${id} (${tokenizer.idToToken(id)}), but the model has ${vocabSize} embeddings`;
    throw new UserError({
      file: tokenizer.path,
      message: `the tokenizer does not belong to the model: it ${message}`,
    });
  }
}
