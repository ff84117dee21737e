/**
 * A tokenizer.json out of SentencePiece's pieces, so that a model that came as GGUF or with a tokenizer.model is written as
 * a directory that every Hugging Face library loads.
 */

import type { TokenNames } from './names.ts';
import { type Pieces, specialPieces, wholePieces } from './pieces.ts';

/** tokenizer.json and tokenizer_config.json as objects. */
export function jsonOfPieces(
  pieces: Pieces,
  names: TokenNames,
  chatTemplate?: string,
): { tokenizer: Record<string, unknown>; config: Record<string, unknown> } {
  const specials = specialPieces(pieces);
  const added = [...specials, ...wholePieces(pieces)]
    .sort((a, b) => a[1] - b[1])
    .map(([content, id]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: specials.has(content),
    }));
  const vocab: Record<string, number> = {};
  for (const [id, text] of pieces.texts.entries()) vocab[text] = id;
  const bos = { SpecialToken: { id: names.bos, type_id: 0 } };
  const bosId = pieces.texts.indexOf(names.bos);
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
    pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
    post_processor: {
      type: 'TemplateProcessing',
      single: [bos, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [bos, { Sequence: { id: 'A', type_id: 0 } }, bos, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { [names.bos]: { id: names.bos, ids: [bosId], tokens: [names.bos] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: names.unk,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: true,
      ignore_merges: false,
      vocab,
      merges: mergesOf(pieces),
    },
  };
  const config = {
    tokenizer_class: 'GemmaTokenizerFast',
    add_bos_token: true,
    add_eos_token: false,
    bos_token: names.bos,
    eos_token: names.eos,
    pad_token: names.pad,
    unk_token: names.unk,
    clean_up_tokenization_spaces: false,
    ...(chatTemplate === undefined ? {} : { chat_template: chatTemplate }),
  };
  return { tokenizer, config };
}

/**
 * Every way to join two pieces into a third, in the order of transformers' GemmaConverter: best score first, then the
 * longer left part, then the longer right one. Whole pieces count as 0, which is their score in Gemma's tokenizer.model.
 */
function mergesOf(pieces: Pieces): [string, string][] {
  const { texts, scores } = pieces;
  const whole = wholePieces(pieces);
  const ids = new Map<string, number>();
  for (const [id, text] of texts.entries()) ids.set(text, id);
  const merges: { pair: [string, string]; score: number; left: number; right: number }[] = [];
  for (const [id, text] of texts.entries()) {
    const letters = [...text];
    const score = whole.has(text) ? 0 : scores[id]!;
    for (let left = 1, at = letters[0]?.length ?? 0; left < letters.length; at += letters[left++]!.length) {
      const pair: [string, string] = [text.slice(0, at), text.slice(at)];
      if (ids.has(pair[0]) && ids.has(pair[1]))
        merges.push({ pair, score, left, right: letters.length - left });
    }
  }
  merges.sort((a, b) => b.score - a.score || b.left - a.left || b.right - a.right);
  return merges.map(({ pair }) => pair);
}
