/**
 * SentencePiece's byte-pair encoding: of all neighbours that form a piece, the one with the best score is merged first,
 * the leftmost among equals; what no piece covers is spelled in bytes.
 */

import { byteOfPiece, PieceKind, type Pieces, specialPieces, wholePieces } from './pieces.ts';
import type { AddedToken } from './special-tokens.ts';
import type { Vocabulary } from './tokenizer.ts';

/** A vocabulary that cuts text with the scores of its pieces; ready in a tenth of the time that a list of merges takes. */
export function vocabularyOfPieces(pieces: Pieces): Vocabulary {
  const { texts, scores, kinds } = pieces;
  const ids = new Map<string, number>();
  const mergeable = new Map<string, number>();
  const bytes: number[] = [];
  const byteOf = new Map<number, number>();
  for (let id = texts.length - 1; id >= 0; id--) {
    const text = texts[id]!;
    ids.set(text, id);
    if (kinds[id] === PieceKind.normal || isRun(kinds[id]!)) mergeable.set(text, id);
    const byte = kinds[id] === PieceKind.byte ? byteOfPiece(text) : undefined;
    if (byte === undefined) continue;
    bytes[byte] = id;
    byteOf.set(id, byte);
  }
  const unknown = ids.get('<unk>');
  const whole = wholePieces(pieces);
  const splitter = new LongestMatch(whole);
  // Among the pieces that are joined, those that are found whole come first: 0 is their score in Gemma's tokenizer.model.
  const joined = Float64Array.from(texts, (text, id) => (whole.has(text) ? 0 : scores[id]!));
  const encoder = new TextEncoder();

  const encodeText = (text: string): number[] => {
    const out: number[] = [];
    // Whole pieces are found in the text as it is written, as tokenizer.json has it: `▁▁` is another text than two spaces.
    splitter.split(text, (piece, found) => {
      if (found !== undefined) out.push(found);
      else {
        for (const part of merge(piece.replaceAll(' ', '▁'), mergeable, joined)) {
          const id = mergeable.get(part);
          if (id !== undefined) out.push(id);
          else for (const byte of encoder.encode(part)) pushKnown(out, bytes[byte] ?? unknown);
        }
      }
    });
    return out;
  };
  const decodeText = (list: readonly number[]): string => {
    const chunks: Buffer[] = [];
    for (const id of list) {
      const byte = byteOf.get(id);
      if (byte !== undefined) chunks.push(Buffer.of(byte));
      else chunks.push(Buffer.from((texts[id] ?? '').replaceAll('▁', ' ')));
    }
    return Buffer.concat(chunks).toString('utf8');
  };
  return {
    encodeText,
    decodeText,
    tokenToId: (token) => ids.get(token),
    idToToken: (id) => texts[id],
    size: texts.length,
    added: addedPieces(pieces),
  };
}

/** User-defined pieces are found whole, and are also what their parts are joined to: two spaces, a space and a space. */
const isRun = (kind: number) => kind === PieceKind.userDefined;

/** As tokenizer.json would list them. */
function addedPieces(pieces: Pieces): Map<string, AddedToken> {
  const list = (found: ReadonlyMap<string, number>, special: boolean) =>
    [...found].map(([text, id]): [string, AddedToken] => [text, { id, special }]);
  return new Map([...list(wholePieces(pieces), false), ...list(specialPieces(pieces), true)]);
}

function pushKnown(into: number[], id: number | undefined): void {
  if (id !== undefined) into.push(id);
}

/** Finds the longest of many words at each position, from left to right. */
class LongestMatch {
  readonly #words: ReadonlyMap<string, number>;
  /** First code unit -> lengths of the words that begin with it, longest first. */
  readonly #lengths = new Map<number, number[]>();

  constructor(words: ReadonlyMap<string, number>) {
    this.#words = words;
    for (const word of words.keys()) {
      const first = word.charCodeAt(0);
      const lengths = this.#lengths.get(first) ?? [];
      if (!lengths.includes(word.length)) lengths.push(word.length);
      this.#lengths.set(first, lengths);
    }
    for (const lengths of this.#lengths.values()) lengths.sort((a, b) => b - a);
  }

  /** Calls back for each word found (with its id) and for each stretch between words, in order. */
  split(text: string, visit: (piece: string, id: number | undefined) => void): void {
    let start = 0;
    for (let i = 0; i < text.length; ) {
      const length = this.#match(text, i);
      if (length === 0) {
        i++;
        continue;
      }
      if (i > start) visit(text.slice(start, i), undefined);
      const word = text.slice(i, i + length);
      visit(word, this.#words.get(word));
      start = i += length;
    }
    if (start < text.length) visit(text.slice(start), undefined);
  }

  #match(text: string, at: number): number {
    const lengths = this.#lengths.get(text.charCodeAt(at));
    if (lengths === undefined) return 0;
    for (const length of lengths) {
      if (at + length <= text.length && this.#words.has(text.slice(at, at + length))) return length;
    }
    return 0;
  }
}

/** A merge that may be done: the symbols at `left` and `right` form a piece of this score and length. */
interface Candidate {
  score: number;
  left: number;
  right: number;
  length: number;
}

/** The parts of a text after all merges. Symbols are linked by the index of their first code unit. */
function merge(text: string, mergeable: ReadonlyMap<string, number>, scores: ArrayLike<number>): string[] {
  const n = text.length;
  const end = new Int32Array(n); // of the symbol that begins here; 0 where none begins
  const previous = new Int32Array(n).fill(-1);
  const heap: Candidate[] = [];
  const consider = (left: number, right: number) => {
    if (left < 0 || right >= n) return;
    const id = mergeable.get(text.slice(left, end[right]));
    if (id !== undefined) push(heap, { score: scores[id]!, left, right, length: end[right]! - left });
  };
  for (let i = 0, before = -1; i < n; ) {
    const size = text.codePointAt(i)! > 0xffff ? 2 : 1;
    end[i] = i + size;
    previous[i] = before;
    if (before >= 0) consider(before, i);
    before = i;
    i += size;
  }
  for (let best = pop(heap); best !== undefined; best = pop(heap)) {
    const { left, right, length } = best;
    // One of the two has been merged with another neighbour since.
    if (end[left] !== right || end[right] !== left + length) continue;
    end[left] = left + length;
    end[right] = 0;
    const next = left + length;
    if (next < n) previous[next] = left;
    consider(previous[left]!, left);
    consider(left, next);
  }
  const parts: string[] = [];
  for (let i = 0; i < n; i = end[i]!) parts.push(text.slice(i, end[i]));
  return parts;
}

function before(a: Candidate, b: Candidate): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}

function push(heap: Candidate[], item: Candidate): void {
  let i = heap.length;
  heap.push(item);
  for (let parent = (i - 1) >> 1; i > 0 && before(item, heap[parent]!); i = parent, parent = (i - 1) >> 1) {
    heap[i] = heap[parent]!;
  }
  heap[i] = item;
}

function pop(heap: Candidate[]): Candidate | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return top;
  let i = 0;
  for (let child = 1; child < heap.length; child = 2 * i + 1) {
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[i] = heap[child]!;
    i = child;
  }
  heap[i] = last;
  return top;
}
