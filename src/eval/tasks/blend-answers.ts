/** Options of a BLEnD question of its annotations: what people of a region answered, and what those of others did. */
import { shuffled } from '../../data/order.ts';

/** What several people answered: the same thing in the words of the region and of English. */
export interface Answer {
  answers: readonly string[];
  en_answers: readonly string[];
  /** People. */
  count: number;
}

/** An option in both languages, and the region whose people gave it. */
export interface AnswerOption {
  local: string;
  english: string;
  region: string;
}

/** Answers of other regions beside the right one. */
export const DISTRACTORS = 3;

/** Scripts of languages that are not written in Latin letters: an answer in another is no answer in that language. */
const SCRIPTS: Readonly<Record<string, RegExp>> = {
  ko: /[\uac00-\ud7a3]/u,
  el: /[\u0370-\u03ff\u1f00-\u1fff]/u,
  zh: /[\u4e00-\u9fff]/u,
  ar: /[\u0600-\u06ff]/u,
};
/** Annotators put lists into one answer; a longer text with commas is such a list. */
const LONGEST_WITH_COMMA = 30;

/** English answers that mean the same have the same key: small letters, no article, no plural s, no marks. */
export function englishKey(answer: string): string {
  const plain = answer
    .toLowerCase()
    .trim()
    .replace(/[^\p{L}\p{M}\p{N}_\s:.%&/-]/gu, '')
    .replace(/^(?:a|an|the) /, '')
    .replace(/\s+/g, ' ');
  return plain.length > 3 && plain.endsWith('s') && !plain.endsWith('ss') ? plain.slice(0, -1) : plain;
}

/** Numbers, times, shares: written alike in all languages. */
export function isNumeric(text: string): boolean {
  return /^[\d\s:.,/%-]+$/.test(text) && /\d/.test(text);
}

/** The first of an answer's words that is in the language. */
export function localForm(answers: readonly string[], language: string): string | undefined {
  const script = Object.hasOwn(SCRIPTS, language) ? SCRIPTS[language] : undefined;
  return answers
    .map((answer) => answer.trim())
    .find(
      (text) =>
        text !== '' &&
        !(text.includes(',') && text.length > LONGEST_WITH_COMMA) &&
        (script === undefined || isNumeric(text) || script.test(text)),
    );
}

/** What the people of a region call things, by the English key: the word most of them use. */
export function localWords(questions: Iterable<readonly Answer[]>, language: string): Map<string, string> {
  const counts = new Map<string, Map<string, number>>();
  for (const { answers, en_answers, count } of [...questions].flat()) {
    const form = localForm(answers, language);
    if (form === undefined) continue;
    for (const key of en_answers.map(englishKey)) {
      if (!counts.has(key)) counts.set(key, new Map());
      const forms = counts.get(key)!;
      forms.set(form, (forms.get(form) ?? 0) + count);
    }
  }
  const most = (forms: Map<string, number>) => [...forms].reduce((a, b) => (b[1] > a[1] ? b : a))[0];
  return new Map([...counts].map(([key, forms]) => [key, most(forms)]));
}

/** What options of a question are made from. */
export interface Choosing {
  region: string;
  language: string;
  /** Of the region's people, to this question. */
  own: readonly Answer[];
  /** Of others' to the same question, the United States and Kingdom first. */
  others: readonly (readonly [region: string, answers: readonly Answer[]])[];
  /** Of `localWords`. */
  words: ReadonlyMap<string, string>;
  /** What chance depends on. */
  key: string;
}

/**
 * The most voted answer, then three of other regions, at most one of the United States or Kingdom where others suffice: the share
 * of their answers that a model picks is a figure of its own. Undefined with the reason where there are too few.
 */
export function chooseOptions({
  region,
  language,
  own,
  others,
  words,
  key,
}: Choosing): AnswerOption[] | string {
  const [first] = top(own);
  if (first === undefined) return 'nobody answered';
  const local = localForm(first.answers, language);
  const english = first.en_answers[0]?.trim();
  if (local === undefined || !english) return 'the most voted answer has no form in the language';
  const gold: AnswerOption = { local, english, region };
  const strict = candidates(gold, own, others, words, true);
  const found = strict.length >= DISTRACTORS ? strict : candidates(gold, own, others, words, false);
  if (found.length < DISTRACTORS) return 'fewer than three answers of others have a form in the language';
  const isAnglophone = ({ region: from }: AnswerOption) => from === 'US' || from === 'UK';
  const anglophone = found.filter(isAnglophone);
  const rest = shuffled(
    found.filter((option) => !isAnglophone(option)),
    key,
  );
  const needed = Math.max(Math.min(1, anglophone.length), DISTRACTORS - rest.length);
  return [gold, ...[...anglophone.slice(0, needed), ...rest].slice(0, DISTRACTORS)];
}

/** Answers with the most votes. */
function top(answers: readonly Answer[]): Answer[] {
  const most = Math.max(...answers.map(({ count }) => count));
  return answers.filter(({ count }) => count === most);
}

/** What others answered that nobody of the region did, in words of the region; the most voted ones alone if `strict`. */
function candidates(
  gold: AnswerOption,
  own: readonly Answer[],
  others: Choosing['others'],
  words: ReadonlyMap<string, string>,
  strict: boolean,
): AnswerOption[] {
  const taken = new Set(own.flatMap(({ en_answers }) => en_answers.map(englishKey)));
  const ownWords = new Set(
    own.flatMap(({ answers }) => answers.map((answer) => answer.trim().toLowerCase())),
  );
  const right = gold.local.toLowerCase();
  const found: AnswerOption[] = [];
  for (const [region, answers] of others) {
    const ranked = strict ? top(answers) : [...answers].sort((a, b) => b.count - a.count);
    for (const { en_answers } of ranked) {
      const keys = en_answers.map(englishKey);
      if (keys.length === 0 || keys.some((key) => taken.has(key))) continue;
      const index = keys.findIndex((key) => words.has(key) || isNumeric(key));
      if (index === -1) continue;
      const local = words.get(keys[index]!) ?? keys[index]!;
      const small = local.toLowerCase();
      // What is part of the right answer, or has it in it, may be right as well.
      if (ownWords.has(small) || small.includes(right) || right.includes(small)) continue;
      if (found.some((option) => option.local.toLowerCase() === small)) continue;
      found.push({ local, english: en_answers[index]!.trim(), region });
      for (const key of keys) taken.add(key);
      break;
    }
  }
  return found;
}
