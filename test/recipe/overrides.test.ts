/** `key=value` on the command line: every one changes the recipe as it says, or is an error that quotes it. */
import { describe, expect, it } from 'vitest';
import { MINIMAL, parseMist, problems } from './minimal.ts';

const LIST_OF_ONE = MINIMAL.replace('    path: builtin:toy', '    - path: builtin:toy');

describe('an override', () => {
  it('sets a value, may hold "=", reaches into lists, and ~ takes a key out', () => {
    const recipe = parseMist(MINIMAL, [
      'model.path=dir/a=b',
      'data.train=[{path: a.jsonl}, {path: b.jsonl}]',
      'data.train.1.max_samples=3',
      'seed=7',
      '~seed',
    ]);
    expect(recipe.model.path).toBe('dir/a=b');
    expect(recipe.data.train.map((source) => source.maxSamples)).toEqual([null, 3]);
    expect(recipe.seed).toBe(42);
  });

  it('of a list of one means its element, by position or without', () => {
    for (const key of ['data.train.path', 'data.train.0.path']) {
      for (const text of [MINIMAL, LIST_OF_ONE]) {
        const { data } = parseMist(text, [`${key}=other.jsonl`, 'data.train.max_samples=2']);
        expect(data.train).toEqual([{ path: 'other.jsonl', turns: 'first', replies: 'best', maxSamples: 2 }]);
      }
    }
    expect(problems(LIST_OF_ONE, ['~data.train.path'])).toEqual([
      'r.yaml:7:7: data.train.0.path is missing: it must be text',
    ]);
    const { data } = parseMist(MINIMAL, ['data.eval.0.path=e.jsonl']);
    expect(data.eval?.map(({ path }) => path)).toEqual(['e.jsonl']);
  });

  it('of a list of several wants a position that there is', () => {
    const several = ['data.train=[{path: a.jsonl}, {path: b.jsonl}]'];
    const typed = [
      'data.train.path=c',
      '~data.train.path',
      'data.train.2.path=c',
      'data.train.-1.path=c',
      'data.train[1].path=c',
      'train.optimizer.betas.5=1',
    ];
    expect(problems(MINIMAL, [...several, ...typed])).toEqual([
      'override data.train.path=c: data.train is a list of 2: say which one, data.train.0.path for the first',
      'override ~data.train.path: data.train is a list of 2: say which one, data.train.0.path for the first',
      'override data.train.2.path=c: data.train has positions 0 to 1, and no 2',
      'override data.train.-1.path=c: data.train has positions 0 to 1, and no -1',
      'override data.train[1].path=c: a position in a list is written with a dot: data.train.1.path',
      'override train.optimizer.betas.5=1: train.optimizer.betas has position 0, and no 5',
    ]);
    expect(problems(MINIMAL, ['data.train=[]', 'data.train.path=c'])[0]).toBe(
      'override data.train.path=c: data.train is a list of 0',
    );
  });

  it('of something that is not in a list, or in a value, is refused', () => {
    expect(problems(MINIMAL, ['model.0.path=x', 'data.train.nonsense=1'])).toEqual([
      'override model.0.path=x: unknown key model.0',
      'override data.train.nonsense=1: unknown key data.train.0.nonsense',
    ]);
    expect(problems(MINIMAL, ['model.path.of=x'])).toEqual([
      'override model.path.of=x: model.path is "tiny" and has nothing in it',
    ]);
    expect(parseMist(`${MINIMAL}train:\n`, ['train.max_steps=3']).train.maxSteps).toBe(3);
  });

  it('never loses what stands behind a #, and wants a value', () => {
    const typed = ['data.train.path=rows #1.jsonl', 'train.optimizer.betas=[0.9, 0.99] # as GPT-3', 'name='];
    expect(problems(MINIMAL, typed)).toEqual([
      'override data.train.path=rows #1.jsonl: " #" begins a comment in YAML; quote the value: "rows #1.jsonl"',
      'override train.optimizer.betas=[0.9, 0.99] # as GPT-3: " #" begins a comment in YAML; quote the value: "[0.9, 0.99] # as GPT-3"',
      'override name=: the value is missing; `null` is nothing, `""` an empty text',
    ]);
    const { data } = parseMist(MINIMAL, ['data.train.path="rows #1.jsonl"']);
    expect(data.train[0]?.path).toBe('rows #1.jsonl');
    expect(parseMist(MINIMAL, ['data.train.path=a#b']).data.train[0]?.path).toBe('a#b');
  });

  it('of a tag that is not known is refused', () => {
    expect(problems(MINIMAL, ['model.path=!mine'])[0]).toMatch(
      /the value is not YAML: Unresolved tag: !mine/,
    );
  });

  it('with a mistake is quoted as typed', () => {
    expect(
      problems(MINIMAL, ['train.optimizer.lr=1e-5x', 'trian.epochs=2', 'seed', '~nothing', 'name=[a']),
    ).toEqual([
      'override seed: an override is key=value, or ~key to remove one',
      'override ~nothing: the recipe does not set nothing',
      expect.stringMatching(/^override name=\[a: the value is not YAML: /),
      'override train.optimizer.lr=1e-5x: train.optimizer.lr must be a number of at least 0 and at most 1, found "1e-5x". Did you mean 1e-5?',
      'override trian.epochs=2: unknown key trian. Did you mean train?',
    ]);
  });

  it('cannot reach the prototype of anything', () => {
    expect(problems(MINIMAL, ['__proto__.polluted=1'])).toEqual([
      'override __proto__.polluted=1: unknown key __proto__',
    ]);
    expect(problems(MINIMAL, ['constructor.prototype.polluted=1'])).toEqual([
      'override constructor.prototype.polluted=1: unknown key constructor',
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
