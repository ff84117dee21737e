/**
 * Vectors of other tools' files as ours. A file says of a vector no more than its numbers: of what model it is, its reader says.
 *
 * Shape letters: L blocks, D model.
 */

import { UserError } from '../../errors.ts';
import type { Derived } from '../derived.ts';
import { LANGUAGE } from '../facts.ts';
import { makeVector, rowNorms } from '../identity.ts';
import type { ReadPosition, SteeredTokens, SteeringVector, VectorFacts, VectorKind } from '../vector.ts';

/** The model that an imported vector is for. */
export interface ImportedModel {
  model: VectorFacts['model'];
  /** `tokenizerIdentity` */
  tokenizer: string;
  /** Versions for the facts. */
  versions: Record<string, string>;
}

/** What was found in the file. */
export interface Found {
  format: Extract<Derived, { rule: 'imported' }>['format'];
  /** Of the file, hex. */
  sha256: string;
  language: string;
  /** Each of D numbers, by block. */
  rows: ReadonlyMap<number, Float32Array>;
  /** Coefficients by block: not multiplied into the numbers. */
  gammas: ReadonlyMap<number, number>;
  kind?: VectorKind;
  readAt?: ReadPosition;
  appliedAt?: SteeredTokens;
}

/**
 * The vector: zeros in blocks that the file does not have, lengths of hidden states 0, which is not known. Where the file does not
 * say, it was read at the last token, as repeng does, and is applied everywhere, as those tools do.
 *
 * @param file for errors
 * @throws UserError for a language that is no name of one
 */
export function importedVector(
  found: Found,
  { model, tokenizer, versions }: ImportedModel,
  file: string,
): SteeringVector {
  if (!LANGUAGE.test(found.language))
    throw new UserError({
      file,
      message: `is to be of the language ${JSON.stringify(found.language).slice(0, 80)}; a language is es, ko or the like, and * serves all`,
    });
  const { num_hidden_layers: L, hidden_size: D } = model;
  const numbers_LD = new Float32Array(L * D);
  for (const [layer, row_D] of found.rows) numbers_LD.set(row_D, layer * D);
  const facts: VectorFacts = {
    format: 'isogloss_steering_1',
    kind: found.kind ?? 'other',
    layer_convention: 'block_output_0_based',
    read_at: found.readAt ?? 'last',
    applied_at: found.appliedAt ?? 'everywhere',
    model,
    tokenizer,
    chat_template: null,
    task: 'imported',
    prompt: {},
    split: 'imported',
    seed: 0,
    pairs: {},
    norms: {
      [found.language]: { vector: rowNorms(numbers_LD, D), hidden: Array.from({ length: L }, () => 0) },
    },
    versions,
    derived: {
      rule: 'imported',
      format: found.format,
      sha256: found.sha256,
      gammas: Object.fromEntries(found.gammas),
    },
  };
  return makeVector(facts, new Map([[found.language, numbers_LD]]));
}
