/** Holds items to what scoring needs of them, with file and line of each that cannot be used. */
import { named, Problems } from '../../data/parallel/problems.ts';
import { isEmpty, isText, shown } from '../../data/report.ts';
import type { Place } from '../../data/row.ts';
import { UserError } from '../../errors.ts';
import type { Item } from '../item.ts';

/** An item before it is checked: its question and options are whatever the row has. */
export interface Draft extends Omit<Item, 'question' | 'options' | 'gold'> {
  question: unknown;
  options: readonly unknown[];
  /** What the options are called in messages, such as `option_a`; by their letters otherwise. */
  names?: readonly string[];
  /** As `goldOf` takes it. */
  answer: unknown;
  /** What the answer's field is called in messages. */
  answerName?: string;
}

/** What becomes of rows that cannot be used: all are told and nothing is read, or they are left out, and counted. */
export type BadRows = 'refuse' | 'drop';

/** Words for `--options` of tasks that read files. */
export const BAD_ROWS = {
  about:
    'rows that cannot be used (no answer, an option that is empty or equal to another) end it, or are left out',
  values: ['refuse', 'drop'],
  default: 'refuse',
} as const;

/** The letters that options are called by. */
export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Collects the items of one reading. */
export class ItemChecks {
  readonly items: Item[] = [];
  readonly #problems = new Problems();
  readonly #bad: BadRows;
  readonly #places = new Map<string, Place>();
  readonly #dropped: { place: Place; message: string }[] = [];

  constructor(bad: BadRows = 'refuse') {
    this.#bad = bad;
  }

  /**
   * Says that a row cannot be used.
   * @throws UserError once there are many, if bad rows are refused
   */
  refuse(place: Place, message: string, hint?: string): undefined {
    if (this.#bad === 'drop') this.#dropped.push({ place, message });
    else this.#problems.add({ ...place, message, ...(hint === undefined ? {} : { hint }) });
  }

  /** The item of a draft, kept in `items`; undefined if it cannot be used. */
  add(draft: Draft): Item | undefined {
    const { place, id, language } = draft;
    const key = JSON.stringify([language, id]);
    const before = this.#places.get(key);
    if (before !== undefined) {
      const where = before.file === place.file ? `line ${before.line}` : `${before.file}:${before.line}`;
      return this.refuse(place, `the id ${shown(id)} is given twice in ${language}: on ${where} and here`);
    }
    this.#places.set(key, place);
    const options = this.#options(draft);
    if (options === undefined) return undefined;
    if (!isText(draft.question))
      return this.refuse(place, `the question must be a text, found ${shown(draft.question)}`);
    if (hasHalf(draft.question))
      return this.refuse(place, 'the question has half of a character (a surrogate alone)');
    const gold = goldOf(draft.answer, options, draft.answerName ?? 'answer');
    if (typeof gold === 'string') return this.refuse(place, gold);
    const { names: _names, answer: _answer, answerName: _answerName, ...rest } = draft;
    const item: Item = { ...rest, question: draft.question, options, gold };
    this.items.push(item);
    return item;
  }

  /** @throws UserError with all that was refused */
  check(): void {
    this.#problems.check();
  }

  /** @throws UserError with all that was refused, or if there is no item left */
  finish(file: string): { items: Item[]; notes: string[] } {
    this.check();
    const dropped = this.#dropped;
    const first = dropped[0];
    const places = dropped.map(({ place }) => `${place.file}:${place.line}`);
    const note = `rows that cannot be used are left out, ${dropped.length} of ${dropped.length + this.items.length}: ${named(places, 5)}`;
    if (this.items.length === 0) {
      const why = first === undefined ? '' : `; ${note} (${first.message})`;
      throw new UserError({ file, message: `has no question that can be used${why}` });
    }
    return { items: this.items, notes: dropped.length > 0 ? [note] : [] };
  }

  #options({ options, names, place }: Draft): string[] | undefined {
    const nameOf = (index: number) => names?.[index] ?? `option ${LETTERS[index] ?? index + 1}`;
    if (options.length < 2)
      return this.refuse(place, `a question needs two options or more, found ${options.length}`);
    if (options.length > LETTERS.length)
      return this.refuse(place, `a question has ${LETTERS.length} options at most, found ${options.length}`);
    const texts: string[] = [];
    for (const [index, option] of options.entries()) {
      // Tables of numbers write numbers for texts; JSON has both, and a model is asked for their text.
      const text = typeof option === 'number' && Number.isFinite(option) ? String(option) : option;
      if (isEmpty(text) || (typeof text === 'string' && text.trim() === ''))
        return this.refuse(place, `${nameOf(index)} is empty`);
      if (typeof text !== 'string')
        return this.refuse(place, `${nameOf(index)} must be a text, found ${shown(text)}`);
      if (hasHalf(text))
        return this.refuse(place, `${nameOf(index)} has half of a character (a surrogate alone)`);
      texts.push(text);
    }
    const same = texts.map(canonicalText);
    for (const [index, text] of same.entries()) {
      const twin = same.indexOf(text);
      if (twin !== index) {
        const message = `${nameOf(twin)} and ${nameOf(index)} are equal: ${shown(texts[index])}`;
        return this.refuse(place, message);
      }
    }
    return texts;
  }
}

/** What two options have in common if no reader could tell them apart. */
function canonicalText(text: string): string {
  return text.normalize('NFC').trim().replace(/\s+/g, ' ');
}

function hasHalf(text: string): boolean {
  return /\p{Surrogate}/u.test(text);
}

/**
 * Index of the right option, of an answer that is an index (from 0), a letter, or an option's text; else what is wrong.
 * A text that names one option by its letter or index and is the text of another is refused: either may be meant.
 */
export function goldOf(answer: unknown, options: readonly string[], name = 'answer'): number | string {
  const letters = `${LETTERS.slice(0, options.length).split('').join(', ')}`;
  const allowed = `an index from 0 to ${options.length - 1}, a letter (${letters}) or the text of an option`;
  if (isEmpty(answer) || (typeof answer === 'string' && answer.trim() === ''))
    return `the row has no answer: ${name} must be ${allowed}`;
  if (typeof answer === 'number') {
    if (Number.isInteger(answer) && answer >= 0 && answer < options.length) return answer;
    return `${name} is ${answer}, which is not among the ${options.length} options; it must be ${allowed}`;
  }
  if (typeof answer !== 'string') return `${name} must be ${allowed}, found ${shown(answer)}`;
  const text = answer.trim();
  const byText = options.findIndex((option) => canonicalText(option) === canonicalText(text));
  const bySign = /^\d+$/.test(text)
    ? Number(text)
    : text.length === 1
      ? LETTERS.indexOf(text.toUpperCase())
      : -1;
  const isSign = bySign >= 0 && bySign < options.length;
  if (byText >= 0 && isSign && byText !== bySign)
    return `${name} ${shown(text)} may be option ${LETTERS[bySign]} or the text of option ${LETTERS[byText]}; write an index or a text that only one is meant by`;
  if (byText >= 0) return byText;
  if (isSign) return bySign;
  return `${name} ${shown(text)} is not among the options; it must be ${allowed}`;
}
