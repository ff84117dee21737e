/** Serialises pieces as SentencePiece's ModelProto, with Gemma's settings: byte-pair, no dummy prefix, no normalisation. */

import type { Pieces } from '../../../src/model/tokenizer/pieces.ts';
import { PieceKind } from '../../../src/model/tokenizer/pieces.ts';

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
}
const int = (field: number, value: number) => Buffer.from([...varint(field * 8), ...varint(value)]);
const bytes = (field: number, content: Buffer) =>
  Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(content.length)]), content]);
const text = (field: number, value: string) => bytes(field, Buffer.from(value));
const float = (field: number, value: number) =>
  Buffer.concat([Buffer.from(varint(field * 8 + 5)), Buffer.from(Float32Array.of(value).buffer)]);

export function tokenizerModelBytes({ texts, scores, kinds }: Pieces): Buffer {
  const pieces = texts.map((piece, id) => {
    const kind = piece === '<unk>' ? PieceKind.unknown : kinds[id]!;
    return bytes(1, Buffer.concat([text(1, piece), float(2, scores[id]!), int(3, ownKind(piece, kind))]));
  });
  const ids = [int(40, 3), int(41, 2), int(42, 1), int(43, 0)];
  const names = [text(45, '<unk>'), text(46, '<bos>'), text(47, '<eos>'), text(48, '<pad>')];
  const trainer = Buffer.concat([int(3, 2), int(4, texts.length), int(35, 1), ...ids, ...names]);
  const normalizer = Buffer.concat([text(1, 'identity'), int(3, 0), int(4, 0), int(5, 1)]);
  return Buffer.concat([...pieces, bytes(2, trainer), bytes(3, normalizer)]);
}

/** GGUF calls control what Gemma's own file has as user-defined, all but the first three. */
function ownKind(piece: string, kind: number): number {
  return kind === PieceKind.control && !['<pad>', '<eos>', '<bos>'].includes(piece)
    ? PieceKind.userDefined
    : kind;
}
