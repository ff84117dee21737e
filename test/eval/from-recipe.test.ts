import { describe, expect, it } from 'vitest';
import { evalSettings, textSetting } from '../../src/cli/eval-flags.ts';
import { UserError } from '../../src/errors.ts';
import { askSettings, checkQuestions, evaluationOf } from '../../src/eval/from-recipe.ts';
import { parseEvalText, parseRecipeText } from '../../src/recipe/index.ts';
import { MINIMAL } from '../recipe/minimal.ts';

const TEXT = `method: eval
model: {path: runs/x, tokenizer: other}
tasks:
  - toy
  - {name: gmmlu, path: data, options: {split: dev}}
languages: [es, ko]
limit: 5
shots: 2
scoring: text
split: test
split_by: item
chat: true
backend: {compute: bfloat16}
`;

const options = (given: Record<string, unknown>, ...overrides: string[]) =>
  evalSettings({ model: '', overrides, data: [], set: [], steer: [], steerAnyWeights: false, ...given });

function problems(text: string, ...overrides: string[]): string[] {
  try {
    parseEvalText(text, 'e.yaml', overrides, checkQuestions);
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('the recipe of an evaluation', () => {
  it('and the options of the command line are one thing', () => {
    const recipe = parseEvalText(TEXT, 'e.yaml');
    const settings = options({
      ...{ tokenizer: 'other', tasks: 'toy,gmmlu', languages: 'es, ko', limit: '5', shots: '2' },
      ...{ scoring: 'text', split: 'test', 'split-by': 'item', chat: true, compute: 'bfloat16' },
      ...{ data: ['gmmlu=data'], set: ['gmmlu.split=dev'] },
    });
    const model = [
      textSetting('eval', ['method'], 'eval'),
      textSetting('runs/x', ['model', 'path'], 'runs/x'),
    ];
    expect(parseEvalText('', '', [...model, ...settings])).toEqual(recipe);
    expect(evaluationOf(recipe, 'there')).toMatchObject({
      ...{
        model: 'runs/x',
        tokenizer: 'other',
        out: 'there',
        limit: 5,
        shots: 2,
        chat: true,
        scoring: 'text',
      },
      tasks: [
        { name: 'toy', options: {} },
        { name: 'gmmlu', path: 'data', options: { split: 'dev' } },
      ],
      split: { part: 'test', by: 'item', dev1: 100, dev2: 100 },
    });
  });

  it('is changed by options, and by key=value after them', () => {
    const recipe = parseEvalText(TEXT, 'e.yaml', options({ limit: '7', data: ['toy=x'] }, 'limit=9'));
    expect(recipe.limit).toBe(9);
    expect(recipe.tasks[0]).toEqual({ name: 'toy', path: 'x', options: {} });
    expect(recipe.tasks[1]!.path).toBe('data');
  });

  it('tells all that is wrong with it, also what only tasks know, with its place', () => {
    expect(
      problems(`method: eval
model: {path: tiny}
tasks:
  - tooy
  - {name: gmmlu, options: {spli: dev}}
languages: [es, xx]
limit: none
metrc: sum
`),
    ).toEqual([
      expect.stringMatching(/^e\.yaml:4:5: there is no task tooy; .* Did you mean toy\?$/),
      'e.yaml:5:35: gmmlu has no option spli; it has split, bad_rows. Did you mean split?',
      "e.yaml:6:17: xx is no language's code; write ISO 639-1, such as es",
      'e.yaml:7:8: limit must be a whole number above 0 or null, found "none"',
      'e.yaml:8:1: unknown key metrc. Did you mean metric?',
    ]);
    expect(problems(TEXT, 'tasks=[toy, toy]', 'scoring=letters', 'metric=bytes')).toEqual([
      'override metric=bytes: toy: letters are compared by sum, not by bytes',
      'override tasks=[toy, toy]: the task toy is named twice',
    ]);
  });

  it('names the option that is wrong as it was typed', () => {
    const read = (given: Record<string, unknown>) => () =>
      parseEvalText(TEXT, 'e.yaml', options(given), checkQuestions);
    expect(read({ shots: '-1' })).toThrow('--shots -1: shots must be a whole number of at least 0');
    expect(read({ data: ['toi=x'] })).toThrow('--data toi=x: must begin with one of the tasks: toy, gmmlu');
    expect(read({ set: ['toy.x'] })).toThrow('--set toy.x: must be TASK.OPTION=VALUE');
    expect(read({ set: ['toy.x=1'] })).toThrow('--set toy.x=1: toy has no option x; it has none');
  });

  it('is not one of training, and the other way about', () => {
    expect(() => parseEvalText(MINIMAL, 'r.yaml')).toThrow(
      'r.yaml:2:9: is a recipe of training (mist), which `isogloss train` runs',
    );
    expect(() => parseRecipeText(TEXT, 'e.yaml')).toThrow(
      'e.yaml:1:9: is the recipe of an evaluation, which `isogloss eval` runs',
    );
  });
});

describe('questions in a recipe of training', () => {
  it('are a part that nothing is reported on, and are checked with their places', () => {
    const { eval: asked, seed } = parseRecipeText(MINIMAL, 'r.yaml', ['eval.tasks=toy']);
    expect(askSettings(asked, seed)).toMatchObject({ limit: 100, split: { part: 'dev2', by: 'question' } });
    expect(() => parseRecipeText(MINIMAL, 'r.yaml', ['eval.tasks=tooy'], checkQuestions)).toThrow(
      /^override eval\.tasks=tooy: there is no task tooy/,
    );
  });

  it('are needed for a best checkpoint where nothing else is measured', () => {
    expect(() => parseRecipeText(MINIMAL, 'r.yaml', ['checkpoint.best_metric=eval_loss'])).toThrow(
      'checkpoint.best_metric needs something that is measured: set data.eval, data.eval_fraction or eval.tasks',
    );
  });
});
