/** From items to token ids: prompts with their examples, and what is scored of each. */
import { UserError } from '../../errors.ts';
import { encodePrompt, type Tokenizer } from '../../model/tokenizer/index.ts';
import type { Item } from '../item.ts';
import { continuationOf, letterOf, type PromptName, promptOf, shotsOf } from './prompts.ts';

/** How items are asked. */
export interface PromptSettings {
  /** The letters of the options, or their texts. */
  scoring: 'letters' | 'text';
  prompt: PromptName;
  /** Solved examples before each question, the first ones of its language. */
  shots: number;
  /** Put the prompt into the chat template. */
  chat: boolean;
  /** Score options without their question, too. */
  unconditional: boolean;
}

/** One thing that a model reads: the tokens from `first` on are scored. */
export interface Sequence {
  ids: Int32Array;
  first: number;
}

/** An item as tokens. */
export interface PreparedItem {
  item: Item;
  prompt: string;
  continuations: readonly string[];
  /** For `letters` one, of the prompt alone; for `text` one an option. */
  sequences: readonly Sequence[];
  /** Are letters scored? */
  areLetters: boolean;
  /** For letters that are tokens of their own: ids of " A", " B".. and of "A", "B".., those that are scored first. */
  letters?: { scored: readonly number[]; others: readonly number[] };
  /** Options by themselves, behind `<bos>`, where they were asked for. */
  alone?: readonly Sequence[];
  /** Tokens of the prompt that no continuation changes. */
  promptLength: number;
}

/** Items as tokens, and what should be known before they are scored. */
export interface Prepared {
  items: PreparedItem[];
  /** Ids of items where a token spans prompt and option, by language. */
  spanning: Map<string, string[]>;
  /** Tokens that all sequences have together, each by itself. */
  numTokens: number;
}

/**
 * Encodes items. Prompt and option are cut at their longest common prefix of tokens: where a token spans both, it belongs
 * to the option.
 *
 * @param examples solved ones, from which each language takes its first `shots`.
 * @param positions that the model reads.
 * @throws UserError for prompts that are too long, options that tokenise alike, too few examples, letters that are no tokens
 */
export function prepareItems(
  items: readonly Item[],
  examples: readonly Item[],
  tokenizer: Tokenizer,
  settings: PromptSettings,
  positions: number,
): Prepared {
  const { shots, scoring, prompt, chat } = settings;
  const before = new Map<string, string>();
  const problems: { file: string; line: number; message: string }[] = [];
  const spanning = new Map<string, string[]>();
  const shotsFor = (language: string): string => {
    const known = before.get(language);
    if (known !== undefined) return known;
    const own = examples.filter((example) => example.language === language).slice(0, shots);
    if (own.length < shots)
      throw new UserError(
        `${shots} shots are asked for, and there are ${own.length} solved examples in ${language}`,
      );
    const text = shotsOf(own, prompt, scoring);
    before.set(language, text);
    return text;
  };
  const encode = (text: string) => Int32Array.from(tokenizer.encode(text));
  // A continuation is put behind the rendered prompt, whose own special tokens are tokens.
  const rendered = chat
    ? (text: string) => Int32Array.from(encodePrompt(tokenizer, [{ role: 'user', content: text }]))
    : encode;
  const prepared = items.map((item): PreparedItem => {
    const text = `${shotsFor(item.language)}${promptOf(item, prompt)}`;
    const promptIds = rendered(text);
    const made =
      scoring === 'letters'
        ? lettersOf(item, text, promptIds, tokenizer, chat)
        : textsOf(continuationsOf(item, chat), text, promptIds, tokenizer, chat);
    if ('spans' in made && made.spans)
      spanning.set(item.language, [...(spanning.get(item.language) ?? []), item.id]);
    const longest = Math.max(...made.sequences.map(({ ids }) => ids.length));
    if (longest > positions)
      problems.push({
        ...item.place,
        message: `the prompt of ${item.id} takes ${longest} tokens, and the model reads ${positions}`,
      });
    // Letters that stand for the same text ask nothing either.
    const alike = alikeOptions(
      scoring === 'letters'
        ? item.options.map((option) => tokenizer.encodePlain(option))
        : made.sequences.map(({ ids }) => ids),
    );
    if (alike !== undefined)
      problems.push({ ...item.place, message: `options ${alike} of ${item.id} are the same tokens` });
    return {
      ...{ item, prompt: text, continuations: made.continuations, sequences: made.sequences },
      areLetters: scoring === 'letters',
      ...(made.letters ? { letters: made.letters } : {}),
      ...(settings.unconditional ? { alone: aloneOf(item, tokenizer) } : {}),
      promptLength: promptIds.length,
    };
  });
  if (problems.length > 0) throw new UserError(problems);
  const numTokens = prepared.reduce(
    (sum, { sequences }) => sum + sequences.reduce((all, { ids }) => all + ids.length, 0),
    0,
  );
  return { items: prepared, spanning, numTokens };
}

/** What is found of the options of an item. */
interface Made {
  sequences: Sequence[];
  continuations: string[];
  letters?: NonNullable<PreparedItem['letters']>;
  /** Does a token span prompt and option? */
  spans: boolean;
}

function continuationsOf(item: Item, chat: boolean): string[] {
  return item.options.map((option, i) => (chat ? option : continuationOf(item, i)));
}

function lettersOf(item: Item, text: string, ids: Int32Array, tokenizer: Tokenizer, chat: boolean): Made {
  // After the template's line break there is no space (lm-evaluation-harness: target_delimiter "" with a template).
  const continuations = item.options.map((_, i) => `${chat ? '' : ' '}${letterOf(i)}`);
  const forms = (space: string) =>
    item.options.map((_, i) => tokenizer.encodePlain(`${space}${letterOf(i)}`));
  const [spaced, bare] = [forms(' '), forms('')];
  // A vocabulary of bytes spells a letter in several tokens: then it is a text like any other.
  if (![...spaced, ...bare].every(({ length }) => length === 1))
    return textsOf(continuations, text, ids, tokenizer, chat);
  const [first, second] = (chat ? [bare, spaced] : [spaced, bare]).map((form) => form.flat());
  const letters = { scored: first!, others: second! };
  return { sequences: [{ ids, first: ids.length }], letters, continuations, spans: false };
}

function textsOf(
  continuations: string[],
  text: string,
  promptIds: Int32Array,
  tokenizer: Tokenizer,
  chat: boolean,
): Made {
  let spans = false;
  const sequences = continuations.map((continuation) => {
    const ids = chat
      ? Int32Array.from([...promptIds, ...tokenizer.encodePlain(continuation)])
      : Int32Array.from(tokenizer.encode(text + continuation));
    let first = 0;
    while (first < promptIds.length && first < ids.length - 1 && promptIds[first] === ids[first]) first++;
    if (first < promptIds.length) spans = true;
    return { ids, first };
  });
  return { sequences, continuations, spans };
}

/** Options behind `<bos>` alone. */
function aloneOf(item: Item, tokenizer: Tokenizer): Sequence[] {
  return item.options.map((_, i) => ({
    ids: Int32Array.from(tokenizer.encode(continuationOf(item, i))),
    first: 1,
  }));
}

function alikeOptions(options: readonly ArrayLike<number>[]): string | undefined {
  const seen = new Map<string, number>();
  for (const [i, ids] of options.entries()) {
    const key = Array.from(ids).join(' ');
    const before = seen.get(key);
    if (before !== undefined) return `${before + 1} and ${i + 1}`;
    seen.set(key, i);
  }
  return undefined;
}
