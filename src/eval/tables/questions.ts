/** How many questions there are: the paper's Table 2, of what folders of results hold. */
import type { Item } from '../item.ts';
import type { Table } from './table.ts';

/** Items of a task that were scored together. */
export interface Asked {
  task: string;
  /** As the evaluation calls its part of the items; null for all. */
  split: string | null;
  /** With the country or without it. */
  form?: string;
  items: readonly Item[];
}

/** Items and questions (what variants and languages share) by language, a column each task and part. */
export function questionsTable(asked: readonly Asked[]): Table {
  const languages = [...new Set(asked.flatMap(({ items }) => items.map(({ language }) => language)))];
  const columns = asked.map(({ task, split, form, items }) => ({
    title: [task, form, split].filter((part) => part).join(' '),
    of: (language: string) => items.filter((item) => item.language === language),
  }));
  const regions = (language: string) => [
    ...new Set(
      asked.flatMap(({ items }) =>
        items.flatMap((item) => (item.language === language && item.metadata.region) || []),
      ),
    ),
  ];
  return {
    caption: 'Items that were asked; questions, which variants share (Table 2 of the paper).',
    head: ['code', 'region', ...columns.flatMap(({ title }) => [`${title}: items`, 'questions'])],
    rows: languages.map((language) => [
      language,
      regions(language).join(' '),
      ...columns.flatMap(({ of }) => {
        const items = of(language);
        return [String(items.length), String(new Set(items.map(({ cluster }) => cluster)).size)];
      }),
    ]),
  };
}
