/** What a question looks like to a model, and what stands for its options. */
import type { Item } from '../item.ts';

/** Forms of a prompt. `paper` and `lm_eval` list options under letters; `question` and `plain` do not show them. */
export const PROMPTS = ['paper', 'lm_eval', 'question', 'plain'] as const;
export type PromptName = (typeof PROMPTS)[number];

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** Languages that put no space between words. */
const UNSPACED = new Set(['zh', 'ja', 'th', 'lo', 'km', 'my', 'bo', 'dz']);

/** The letter of an option. */
export function letterOf(option: number): string {
  return LETTERS[option]!;
}

/**
 * The text of a question up to its answer.
 *
 * `paper` is the paper's Figure 6 in English, whatever language the question is in, as there; `lm_eval` is
 * lm-evaluation-harness' (`global_mmlu`: question, options, "Answer:"); `question` is "Question: .. Answer:".
 */
export function promptOf({ question, options }: Item, prompt: PromptName): string {
  const listed = options.map((option, i) => `${letterOf(i)}. ${option}`).join('\n');
  const letters = options.map((_, i) => letterOf(i)).join(', ');
  switch (prompt) {
    case 'paper':
      return (
        `${question}\n\nWithout any explanation, choose only one from the given alphabet choices ` +
        `(e.g., ${letters}).\n${listed}\nAnswer:`
      );
    case 'lm_eval':
      return `${question.trim()}\n${listed}\nAnswer:`;
    case 'question':
      return `Question: ${question.trim()}\nAnswer:`;
    case 'plain':
      return question;
  }
}

/** What follows the prompt for an option as text: a space before it where its language has spaces. */
export function continuationOf({ language, options }: Item, option: number): string {
  return `${UNSPACED.has(language) ? '' : ' '}${options[option]!}`;
}

/** Solved examples, and a blank line after each, to be put before a prompt. */
export function shotsOf(examples: readonly Item[], prompt: PromptName, scoring: 'letters' | 'text'): string {
  const answer = (item: Item) =>
    scoring === 'letters' ? ` ${letterOf(item.gold)}` : continuationOf(item, item.gold);
  return examples.map((item) => `${promptOf(item, prompt)}${answer(item)}\n\n`).join('');
}
