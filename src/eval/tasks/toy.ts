/** `toy`: questions from the text that is made here, for trying things out without any file. */
import { createHash } from 'node:crypto';
import { shuffled } from '../../data/order.ts';
import { TOY, TOY_LANGUAGES, type ToyLanguage, toyPairs } from '../../data/toy.ts';
import { UserError } from '../../errors.ts';
import type { Item } from '../item.ts';
import { taskLanguages, taskOptions } from './options.ts';
import type { Task, TaskItems, TaskOptions } from './task.ts';

/** How many rows of each kind there are, in the order of `toyPairs`. */
const KINDS = [
  ['sum', 100],
  ['word', 10],
  ['greeting', 8],
  ['colour', 6],
] as const;
const OPTIONS = 4;
/** Rows of each kind that few-shot prompts may begin with; they are not asked. */
const EXAMPLES_OF_A_KIND = 1;

/** Each answer and three others of its kind, the same in all languages. */
export const toy: Task = {
  name: 'toy',
  about:
    'Sums, numbers as words, greetings and colours in seven languages, made here; each answer among three others of its kind.',
  languages: TOY_LANGUAGES,
  kind: 'other',
  scoring: 'text',
  async read({ path, languages, seed, options }: TaskOptions): Promise<TaskItems> {
    taskOptions(toy, options);
    if (path !== undefined && path !== TOY)
      throw new UserError({ file: path, message: 'is not read: the task toy is made here and has no path' });
    const asked = taskLanguages(toy.name, languages, TOY_LANGUAGES);
    const chosen = (asked.length > 0 ? asked : TOY_LANGUAGES) as readonly ToyLanguage[];
    const plan = planOf(seed);
    const all = chosen.flatMap((language) => plan.map((row) => itemOf(language, row)));
    const isExample = (item: Item) => item.metadata.example === 'yes';
    // Of the whole text, as that of a file would be: languages and seed have their own place in what an evaluation is of.
    const text = JSON.stringify(TOY_LANGUAGES.map((language) => toyPairs(language)));
    const sha256 = createHash('sha256').update(text).digest('hex');
    return {
      items: all.filter((item) => !isExample(item)),
      examples: all.filter(isExample),
      notes: [],
      sources: [{ path: TOY, sha256 }],
    };
  },
};

/** A question by the rows that its options are the answers of. */
interface Planned {
  kind: string;
  row: number;
  options: readonly number[];
  isExample: boolean;
}

/** Chosen on English, whose answers differ where those of any language do. */
function planOf(seed: number): Planned[] {
  const answers = TOY_LANGUAGES.map((language) => toyPairs(language).map(([, answer]) => answer));
  const isAlike = (a: number, b: number) => answers.some((list) => list[a] === list[b]);
  let start = 0;
  return KINDS.flatMap(([kind, count]) => {
    const rows = Array.from({ length: count }, (_, index) => start + index);
    start += count;
    const examples = shuffled(rows, `${seed}/toy/${kind}`).slice(0, EXAMPLES_OF_A_KIND);
    return rows.map((row): Planned => {
      const options = [row];
      for (const other of shuffled(rows, `${seed}/toy/${row}`)) {
        if (options.length === OPTIONS) break;
        if (!options.some((taken) => isAlike(taken, other))) options.push(other);
      }
      return {
        kind,
        row,
        options: shuffled(options, `${seed}/toy/${row}/order`),
        isExample: examples.includes(row),
      };
    });
  });
}

function itemOf(language: ToyLanguage, { kind, row, options, isExample }: Planned): Item {
  const pairs = toyPairs(language);
  const [question, answer] = pairs[row]!;
  const id = String(row + 1);
  return {
    id,
    language,
    question,
    options: options.map((other) => pairs[other]![1]),
    gold: options.indexOf(row),
    cluster: id,
    metadata: { kind, ...(isExample ? { example: 'yes' } : {}) },
    doc: { question, answer },
    place: { file: TOY, line: row + 1 },
  };
}
