/**
 * Vocabulary from SentencePiece's own `tokenizer.model`, cut by `sentencepiece-js` (the C++ library as WebAssembly).
 *
 * The file is parsed here as well: for the ids of its pieces, and because the library takes a damaged file without a word
 * and then encodes everything to nothing.
 */

import { readFile } from 'node:fs/promises';
import type { SentencePieceProcessor } from 'sentencepiece-js';
import { UserError } from '../../errors.ts';
import { PieceKind, type Pieces } from './pieces.ts';
import { vocabularyOfPieces } from './sentencepiece.ts';
import type { Vocabulary } from './tokenizer.ts';

/**
 * Opens a tokenizer.model.
 * @throws UserError when it is damaged or no byte-pair model
 */
export async function openTokenizerModel(path: string): Promise<{ pieces: Pieces; vocabulary: Vocabulary }> {
  const pieces = parseTokenizerModel(await readFile(path), path);
  const processor = await loadProcessor(path);
  const own = vocabularyOfPieces(pieces);
  const special = [...own.added].flatMap(([content, token]) => (token.special ? content : []));
  // In Gemma's file the turn markers are pieces that the library finds in any text. Text that spells one takes our own
  // encoder, which gives the same ids otherwise and leaves them text. So does text with the character that stands for a
  // space: the library cannot tell the two, and the tokenizer.json that is written with a checkpoint can.
  const encodeText = (text: string) =>
    text.includes('▁') || special.some((token) => text.includes(token))
      ? own.encodeText(text)
      : processor.encodeIds(text);
  return { pieces, vocabulary: { ...own, encodeText } };
}

async function loadProcessor(path: string): Promise<SentencePieceProcessor> {
  // The WebAssembly glue installs handlers that rethrow whatever is uncaught in the whole process: taken out again.
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.rawListeners(event)));
  const { SentencePieceProcessor } = await import('sentencepiece-js');
  const processor = new SentencePieceProcessor();
  await processor.load(path);
  for (const [i, event] of events.entries()) {
    for (const listener of process.rawListeners(event)) {
      if (!before[i]!.has(listener)) process.off(event, listener as () => void);
    }
  }
  return processor;
}

/** sentencepiece_model.proto: the fields that are needed of ModelProto, SentencePiece and TrainerSpec. */
const FIELD = { pieces: 1, trainer: 2, text: 1, score: 2, kind: 3, modelType: 3 } as const;
const BPE = 2;

/**
 * Pieces of a serialised ModelProto.
 * @throws UserError when it cannot be one
 */
export function parseTokenizerModel(bytes: Uint8Array, path: string): Pieces {
  const texts: string[] = [];
  const scores: number[] = [];
  const kinds: number[] = [];
  let modelType = 1;
  try {
    for (const field of fields(bytes)) {
      if (field.number === FIELD.trainer && field.bytes) {
        for (const inner of fields(field.bytes))
          if (inner.number === FIELD.modelType) modelType = inner.value;
      }
      if (field.number !== FIELD.pieces || !field.bytes) continue;
      let text = '';
      let score = 0;
      let kind: number = PieceKind.normal;
      for (const inner of fields(field.bytes)) {
        if (inner.number === FIELD.text && inner.bytes) text = Buffer.from(inner.bytes).toString('utf8');
        else if (inner.number === FIELD.score) score = inner.value;
        else if (inner.number === FIELD.kind) kind = inner.value;
      }
      texts.push(text);
      scores.push(score);
      kinds.push(kind);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError({ file: path, message: 'is no tokenizer.model, or it is damaged or cut short.' });
  }
  if (texts.length === 0)
    throw new UserError({ file: path, message: 'is no tokenizer.model: it has no pieces.' });
  if (modelType !== BPE) {
    throw new UserError({
      file: path,
      message: `is a SentencePiece model of type ${modelType}; Gemma's is byte-pair (2).`,
    });
  }
  return { texts, scores, kinds };
}

interface Field {
  number: number;
  /** Of varints and 32-bit floats. */
  value: number;
  /** Of texts and messages. */
  bytes?: Uint8Array;
}

/** The fields of one protobuf message. @throws RangeError where it is not one */
function* fields(bytes: Uint8Array): Generator<Field> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = view.getUint8(at++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError('varint');
  };
  while (at < bytes.length) {
    const key = varint();
    const number = Math.floor(key / 8);
    const wire = key % 8;
    if (number === 0) throw new RangeError('field 0');
    if (wire === 0) yield { number, value: varint() };
    else if (wire === 2) {
      const length = varint();
      if (length > bytes.length - at) throw new RangeError('length');
      yield { number, value: 0, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else if (wire === 5) {
      yield { number, value: view.getFloat32(at, true) };
      at += 4;
    } else if (wire === 1) {
      view.getFloat64(at);
      at += 8;
    } else throw new RangeError('wire type');
  }
}
