/**
 * What the rest of the project sees of a tokenizer: text to ids and back, with exactly one `<bos>` by construction.
 *
 * Special tokens are handled here, once for every kind of vocabulary file: text that a user typed is split into ordinary
 * pieces even where it spells `<end_of_turn>`, and only `specials: true` (rendered templates) makes them tokens.
 */

import { UserError } from '../../errors.ts';

/** A vocabulary with its way of cutting text; knows nothing of special tokens in text. */
export interface Vocabulary {
  /** Ids of ordinary text. */
  encodeText(text: string): number[];
  /** Text of ordinary ids. */
  decodeText(ids: readonly number[]): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** One more than the largest id. */
  readonly size: number;
  /** Content -> id of the tokens that have a meaning of their own, `<bos>` and `<start_of_turn>` for instance. */
  readonly specials: ReadonlyMap<string, number>;
}

export interface EncodeOptions {
  /** Make tokens of special tokens spelled out in the text; off, they stay text. */
  specials?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out of the text; on by default. */
  skipSpecials?: boolean;
}

export interface Tokenizer {
  /** Ids that begin with exactly one `<bos>`, also when the text spells one and `specials` is on. */
  encode(text: string, options?: EncodeOptions): number[];
  /** Ids without `<bos>`, for pieces that are put behind others. */
  encodePlain(text: string, options?: EncodeOptions): number[];
  decode(ids: readonly number[], options?: DecodeOptions): string;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  readonly startOfTurnId: number;
  readonly endOfTurnId: number;
  readonly vocabSize: number;
  readonly specialIds: ReadonlySet<number>;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** The checkpoint's own Jinja chat template, if it has one. */
  readonly chatTemplate?: string;
  /** Where it came from, for messages. */
  readonly path: string;
  /** Files to put into a checkpoint that is written: name -> bytes. */
  files(): Promise<Map<string, Uint8Array>>;
}

export interface TokenizerParts {
  vocabulary: Vocabulary;
  path: string;
  chatTemplate?: string;
  files(): Promise<Map<string, Uint8Array>>;
}

/**
 * Puts a tokenizer together.
 * @throws UserError when the vocabulary lacks one of Gemma's special tokens
 */
export function createTokenizer({ vocabulary, path, chatTemplate, files }: TokenizerParts): Tokenizer {
  const missing: string[] = [];
  const id = (token: string): number => {
    const found = vocabulary.tokenToId(token);
    if (found === undefined) missing.push(token);
    return found ?? -1;
  };
  const bosId = id('<bos>');
  const eosId = id('<eos>');
  const padId = id('<pad>');
  const startOfTurnId = id('<start_of_turn>');
  const endOfTurnId = id('<end_of_turn>');
  if (missing.length > 0) {
    throw new UserError({ file: path, message: `is no Gemma tokenizer: it has no ${missing.join(', ')}.` });
  }
  const specials = vocabulary.specials;
  const specialIds = new Set(specials.values());
  const splitter = new RegExp(`(${[...specials.keys()].sort(byLength).map(escaped).join('|')})`, 'u');

  const encodePlain = (text: string, options: EncodeOptions = {}): number[] => {
    if (!options.specials) return text === '' ? [] : vocabulary.encodeText(text);
    const ids: number[] = [];
    for (const piece of text.split(splitter)) {
      const special = specials.get(piece);
      if (special !== undefined) ids.push(special);
      else if (piece !== '') append(ids, vocabulary.encodeText(piece));
    }
    return ids;
  };
  const encode = (text: string, options: EncodeOptions = {}): number[] => {
    const ids = encodePlain(text, options);
    return ids[0] === bosId ? ids : [bosId, ...ids];
  };
  const decode = (ids: readonly number[], { skipSpecials = true }: DecodeOptions = {}): string => {
    let text = '';
    let start = 0;
    const flush = (end: number) => {
      if (end > start) text += vocabulary.decodeText(ids.slice(start, end));
      start = end + 1;
    };
    for (let i = 0; i < ids.length; i++) {
      if (!specialIds.has(ids[i]!)) continue;
      flush(i);
      if (!skipSpecials) text += vocabulary.idToToken(ids[i]!) ?? '';
    }
    flush(ids.length);
    return text;
  };
  return {
    encode,
    encodePlain,
    decode,
    bosId,
    eosId,
    padId,
    startOfTurnId,
    endOfTurnId,
    vocabSize: vocabulary.size,
    specialIds,
    tokenToId: (token) => vocabulary.tokenToId(token),
    idToToken: (tokenId) => vocabulary.idToToken(tokenId),
    chatTemplate,
    path,
    files,
  };
}

/** `into.push(...ids)` that does not run out of stack on a book. */
function append(into: number[], ids: readonly number[]): void {
  for (const id of ids) into.push(id);
}

const byLength = (a: string, b: string) => b.length - a.length;
const escaped = (token: string) => token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
