/** Finds special tokens in a text: the leftmost, of those that begin at one place the longest, as Hugging Face does. */

import type { Range } from './offsets.ts';

/** A token that is found in a text before anything else is cut. */
export interface AddedToken {
  id: number;
  /** Steers the model: a text that a user typed must not be able to spell it. */
  special: boolean;
  /** Takes the white space before it along. */
  lstrip?: boolean;
  /** Takes the white space behind it along. */
  rstrip?: boolean;
}

/** A stretch of text, and the id of the special token that it is; none for what lies between them. */
export interface Cut extends Range {
  token?: number;
}

const splitters = new WeakMap<ReadonlyMap<string, AddedToken>, RegExp>();

/**
 * The text as special tokens and what lies between them, in order, without gaps.
 * @param verbatim stretches that no special token may touch
 * @param spaces tokens of white space alone: those are tokens also where a special one would take white space along
 */
export function cut(
  text: string,
  specials: ReadonlyMap<string, AddedToken>,
  verbatim: readonly Range[] = [],
  spaces: readonly string[] = [],
): Cut[] {
  const cuts: Cut[] = [];
  const splitter = splitterOf(specials);
  let done = 0;
  const between = (end: number) => {
    if (end > done) cuts.push({ start: done, end });
  };
  splitter.lastIndex = 0;
  for (let match = splitter.exec(text); match !== null; match = splitter.exec(text)) {
    let [start, end] = [match.index, match.index + match[0].length];
    if (verbatim.some((range) => start < range.end && end > range.start)) {
      splitter.lastIndex = start + 1;
      continue;
    }
    const { id, lstrip, rstrip } = specials.get(match[0])!;
    const isToken = (at: number) => spaces.some((space) => text.startsWith(space, at));
    if (lstrip) while (start > done && isSpace(text, start - 1) && !isToken(start - 1)) start--;
    between(start);
    // As Hugging Face does it, the range reaches over all white space even if the text goes on before its end.
    let next = end;
    if (rstrip) {
      while (next < text.length && isSpace(text, next) && !isToken(next)) next++;
      while (end < text.length && isSpace(text, end)) end++;
    }
    cuts.push({ start, end, token: id });
    done = splitter.lastIndex = next;
  }
  between(text.length);
  return cuts;
}

function isSpace(text: string, at: number): boolean {
  return /\s/u.test(text.charAt(at));
}

function splitterOf(specials: ReadonlyMap<string, AddedToken>): RegExp {
  let splitter = splitters.get(specials);
  if (splitter === undefined) {
    const longestFirst = [...specials.keys()].sort((a, b) => b.length - a.length).map(escaped);
    // Without any, an expression that matches nowhere.
    splitter = new RegExp(longestFirst.join('|') || '(?!)', 'gu');
    splitters.set(specials, splitter);
  }
  return splitter;
}

const escaped = (token: string) => token.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
