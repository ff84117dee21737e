import { describe, expect, it } from 'vitest';
import { questionsTable } from '../../../src/eval/tables/index.ts';
import { made } from '../made.ts';

describe('the table of questions', () => {
  it('counts items and what their variants share, by language, task and part', () => {
    const item = (id: string, cluster: string, language: string, region?: string) =>
      made({ id, cluster, language, logprobs: [-1, -2], metadata: region ? { region } : {} }).item;
    const table = questionsTable([
      { task: 'gmmlu', split: null, items: [item('a', 'a', 'es'), item('a', 'a', 'ko')] },
      {
        ...{ task: 'blend', split: 'dev1', form: 'decontextualized' },
        items: [item('q_1', 'q', 'es', 'Spain'), item('q_2', 'q', 'es', 'Spain')],
      },
    ]);
    expect(table.head).toEqual([
      'code',
      'region',
      'gmmlu: items',
      'questions',
      'blend decontextualized dev1: items',
      'questions',
    ]);
    expect(table.rows).toEqual([
      ['es', 'Spain', '1', '1', '2', '1'],
      ['ko', '', '1', '1', '0', '0'],
    ]);
  });
});
