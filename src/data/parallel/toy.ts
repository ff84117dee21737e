/** `builtin:toy` as parallel data: what it says in one language, it says in all seven. */
import { UserError } from '../../errors.ts';
import { TOY, TOY_LANGUAGES, type ToyLanguage, toyPairs } from '../toy.ts';
import { addSentence, type Column, emptyColumn } from './column.ts';
import type { Exchange } from './exchanges.ts';
import type { Problems } from './problems.ts';

/**
 * Its prompts as sentences, 124 a language; ids count from 1.
 * @throws UserError for another built-in name
 */
export function toyColumns(name: string, problems: Problems): Column[] {
  requireToy(name);
  return TOY_LANGUAGES.map((language) => {
    const column = emptyColumn(language, name);
    for (const [index, [prompt]] of toyPairs(language).entries())
      addSentence(column, String(index + 1), prompt, index + 1, problems);
    return column;
  });
}

/**
 * Its prompts and answers, 124 a language; ids count from 1.
 * @throws UserError for another built-in name
 */
export function toyExchanges(name: string): Exchange[] {
  requireToy(name);
  const exchange = (language: ToyLanguage) =>
    toyPairs(language).map(([prompt, completion], index): Exchange => {
      const place = { file: name, line: index + 1 };
      return { id: String(index + 1), language, prompt, completion, place };
    });
  return TOY_LANGUAGES.flatMap(exchange);
}

function requireToy(name: string): void {
  if (name !== TOY) throw new UserError({ message: `there is no data set ${name}`, hint: TOY });
}
