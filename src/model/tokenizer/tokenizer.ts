/**
 * What the rest of the project sees of a tokenizer: text to ids and back, with exactly one `<bos>` by construction.
 *
 * Special tokens are handled here, once for every kind of vocabulary file: text that a user typed is split into ordinary
 * pieces even where it spells `<end_of_turn>`, and only `specials: true` (rendered templates) makes them tokens.
 */

import { UserError } from '../../errors.ts';
import type { TokenNames } from './names.ts';
import { type Range, tokenRanges } from './offsets.ts';
import { type AddedToken, cut } from './special-tokens.ts';

/** A vocabulary with its way of cutting text; knows nothing of special tokens in text. */
export interface Vocabulary {
  /** Ids of ordinary text; added tokens that are not special are found in it. */
  encodeText(text: string): number[];
  /** Text of ordinary ids. */
  decodeText(ids: readonly number[]): string;
  tokenToId(token: string): number | undefined;
  idToToken(id: number): string | undefined;
  /** One more than the largest id. */
  readonly size: number;
  /** By content: special ones (`<bos>`, `<start_of_turn>`) and ordinary ones (runs of newlines, HTML tags). */
  readonly added: ReadonlyMap<string, AddedToken>;
}

export interface EncodeOptions {
  /** Make tokens of special tokens spelled out in the text; off, they stay text. */
  specials?: boolean;
}

export interface DecodeOptions {
  /** Leave special tokens out of the text; on by default. */
  skipSpecials?: boolean;
}

/** Ids with the stretches of text that they stand for. */
export interface Placed {
  ids: number[];
  ranges: Range[];
}

export interface Tokenizer {
  /** Ids that begin with exactly one `<bos>`, also when the text spells one and `specials` is on. */
  encode(text: string, options?: EncodeOptions): number[];
  /** Ids without `<bos>`, for pieces that are put behind others. */
  encodePlain(text: string, options?: EncodeOptions): number[];
  /**
   * Ids of a rendered text, and what each stands for. Special tokens that it spells are tokens, but for those that touch
   * one of the `verbatim` stretches.
   * @param borders places at which the text may be cut if that is the only way to know them
   */
  encodePlaced(text: string, verbatim: readonly Range[], borders: readonly number[]): Placed;
  decode(ids: readonly number[], options?: DecodeOptions): string;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  readonly vocabSize: number;
  readonly specialIds: ReadonlySet<number>;
  /** Tokens that are found in a text before anything else is cut, by content. */
  readonly added: ReadonlyMap<string, AddedToken>;
  /** What the checkpoint calls its special tokens. */
  readonly names: TokenNames;
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
  names: TokenNames;
  path: string;
  chatTemplate?: string;
  files(): Promise<Map<string, Uint8Array>>;
}

/**
 * Puts a tokenizer together.
 * @throws UserError when the vocabulary lacks a token that begins, ends or fills up a text
 */
export function createTokenizer({ vocabulary, names, path, chatTemplate, files }: TokenizerParts): Tokenizer {
  const missing: string[] = [];
  const id = (token: string): number => {
    const found = vocabulary.tokenToId(token);
    if (found === undefined) missing.push(token);
    return found ?? -1;
  };
  const [bosId, eosId, padId] = [id(names.bos), id(names.eos), id(names.pad)];
  if (missing.length > 0) {
    throw new UserError({ file: path, message: `is no Gemma tokenizer: it has no ${missing.join(', ')}.` });
  }
  const specials = new Map([...vocabulary.added].filter(([, token]) => token.special));
  for (const name of [names.bos, names.eos, names.pad, names.unk, ...names.others]) {
    const known = vocabulary.tokenToId(name);
    if (known !== undefined) specials.set(name, { ...specials.get(name), id: known, special: true });
  }
  const specialIds = new Set([...specials.values()].map((token) => token.id));
  const added = new Map([...vocabulary.added, ...specials]);
  const spaces = [...added.keys()].filter((content) => content.trim() === '');

  const encodePlaced = (text: string, verbatim: readonly Range[], borders: readonly number[]): Placed => {
    const placed: Placed = { ids: [], ranges: [] };
    for (const { start, end, token } of cut(text, specials, verbatim, spaces)) {
      if (token !== undefined) put(placed, [token], [{ start, end }]);
      else encodeStretch(vocabulary, text.slice(start, end), start, borders, placed);
    }
    return placed;
  };
  const encodePlain = (text: string, options: EncodeOptions = {}): number[] => {
    if (!options.specials) return text === '' ? [] : vocabulary.encodeText(text);
    const ids: number[] = [];
    for (const { start, end, token } of cut(text, specials, [], spaces))
      append(ids, token === undefined ? vocabulary.encodeText(text.slice(start, end)) : [token]);
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
    encodePlaced,
    decode,
    bosId,
    eosId,
    padId,
    vocabSize: vocabulary.size,
    specialIds,
    added,
    names,
    tokenToId: (token) => vocabulary.tokenToId(token),
    idToToken: (tokenId) => vocabulary.idToToken(tokenId),
    chatTemplate,
    path,
    files,
  };
}

/** Ids of a stretch without special tokens, and where they stand. */
function encodeStretch(
  vocabulary: Vocabulary,
  text: string,
  start: number,
  borders: readonly number[],
  into: Placed,
): void {
  const ids = vocabulary.encodeText(text);
  const ranges = tokenRanges(
    text,
    ids.map((id) => vocabulary.idToToken(id) ?? ''),
  );
  const shifted = (range: Range) => ({ start: range.start + start, end: range.end + start });
  if (ranges !== undefined) {
    put(into, ids, ranges.map(shifted));
    return;
  }
  // A character that the vocabulary cannot spell: which token it is in is known only by cutting the text there.
  const inside = borders.filter((border) => border > start && border < start + text.length);
  const cuts = [start, ...inside.sort((a, b) => a - b), start + text.length];
  for (const [i, end] of cuts.slice(1).entries()) {
    const piece = text.slice(cuts[i]! - start, end - start);
    const pieceIds = piece === '' ? [] : vocabulary.encodeText(piece);
    put(
      into,
      pieceIds,
      pieceIds.map(() => ({ start: cuts[i]!, end })),
    );
  }
}

function put(into: Placed, ids: readonly number[], ranges: readonly Range[]): void {
  append(into.ids, ids);
  for (const range of ranges) into.ranges.push(range);
}

/** `into.push(...ids)` that does not run out of stack on a book. */
function append(into: number[], ids: readonly number[]): void {
  for (const id of ids) into.push(id);
}
