/** Ids to text while they come: what is handed out is final, so that it can be printed at once. */

import { byteOfPiece } from './pieces.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Decodes ids one by one. A character that is spelled in several byte tokens comes out when its last byte is there. */
export class TextStream {
  readonly #tokenizer: Tokenizer;
  readonly #bytes = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** The text that is known now; special tokens have none. */
  push(id: number): string {
    const byte = byteOfPiece(this.#tokenizer.idToToken(id) ?? '');
    if (byte !== undefined) return this.#bytes.decode(Uint8Array.of(byte), { stream: true });
    return this.#bytes.decode() + this.#tokenizer.decode([id]);
  }

  /** What is left: U+FFFD if the ids end inside of a character. */
  end(): string {
    return this.#bytes.decode();
  }
}

/** Ends a text before whichever of some stop texts is complete first; holds back what may be the beginning of one. */
export class StopTexts {
  readonly #stops: readonly string[];
  #held = '';
  #ended = false;

  /** @param stops not empty each */
  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  /** True once a stop text has been found. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The text that is certain to come before any stop text. */
  push(text: string): string {
    if (this.#ended) return '';
    const all = this.#held + text;
    const found = this.#stops
      .map((stop) => ({ start: all.indexOf(stop), length: stop.length }))
      .filter(({ start }) => start >= 0)
      .sort((a, b) => a.start + a.length - (b.start + b.length) || a.start - b.start);
    if (found[0] !== undefined) {
      this.#ended = true;
      this.#held = '';
      return all.slice(0, found[0].start);
    }
    let hold = 0;
    for (const stop of this.#stops) {
      for (let n = Math.min(stop.length - 1, all.length); n > hold; n--) {
        if (all.endsWith(stop.slice(0, n))) hold = n;
      }
    }
    this.#held = all.slice(all.length - hold);
    return all.slice(0, all.length - hold);
  }

  /** What was held back, as the text goes no further. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}
