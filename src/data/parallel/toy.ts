/** `builtin:toy` as parallel data: what it says in one language, it says in all seven. */
import { UserError } from '../../errors.ts';
import { TOY, TOY_LANGUAGES, type ToyLanguage, toyPairs } from '../toy.ts';
import { addSentence, type Column, emptyColumn } from './column.ts';
import type { Exchange } from './exchanges.ts';
import type { Problems } from './problems.ts';

/** Parts, called as FLORES calls its own, and what share of the sentences is in the second. */
const SPLITS = ['dev', 'devtest'];
const DEVTEST = 1 / 4;

/**
 * Its prompts as sentences, 124 a language; ids count from 1.
 *
 * @param split `dev` or `devtest`, which share no sentence; undefined is both.
 * @throws UserError for another built-in name or part
 */
export function toyColumns(name: string, split: string | undefined, problems: Problems): Column[] {
  requireToy(name);
  if (split !== undefined && !SPLITS.includes(split))
    throw new UserError({ file: name, message: `has the parts ${SPLITS.join(' and ')}, and no ${split}` });
  return TOY_LANGUAGES.map((language) => {
    const column = emptyColumn(language, name);
    for (const [index, [prompt]] of toyPairs(language).entries()) {
      const isDevtest = (index * DEVTEST) % 1 === 0;
      if (split === undefined || isDevtest === (split === 'devtest'))
        addSentence(column, String(index + 1), prompt, index + 1, problems);
    }
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
