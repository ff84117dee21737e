import { describe, expect, it } from 'vitest';
import { splitItems } from '../../../src/eval/tasks/splits.ts';
import { toyCulture } from '../../../src/eval/tasks/toy-culture.ts';

const read = (form: string, languages: string[] = [], seed = 1) =>
  toyCulture.read({ languages, seed, cwd: '.', options: { form } });

describe('the task toy_culture', () => {
  it('asks for the answer of the country of each language, among three others that differ', async () => {
    const { items } = await read('contextualized');
    expect(items.length).toBe(7 * 36);
    for (const item of items) {
      expect(new Set(item.options).size).toBe(4);
      expect(item.options[item.gold]).toBe(item.doc.answer);
      expect(item.metadata.countries!.split('|')[item.gold]).toBe(item.metadata.region);
    }
  });

  it('puts each question both ways: the same but for the country that is named before it', async () => {
    const [named, plain] = [(await read('contextualized')).items, (await read('decontextualized')).items];
    for (const [i, item] of named.entries()) {
      const { question, id, language, options, gold } = plain[i]!;
      expect(item).toMatchObject({ id, language, options, gold });
      expect(item.question.endsWith(question)).toBe(true);
      expect(item.question.length).toBeGreaterThan(question.length);
    }
    expect(named.find(({ language }) => language === 'es')!.question).toBe(
      'En España: ¿Cuál es el prefijo telefónico?',
    );
  });

  it('has the same questions in the same parts in all languages', async () => {
    const { dev1, dev2, test, leaking } = splitItems((await read('decontextualized')).items, { seed: 3 });
    expect([dev1, dev2, test].map(({ length }) => length / 7)).toEqual([9, 9, 18]);
    expect(leaking).toBe(0);
    const ids = (language: string) => dev1.filter((item) => item.language === language).map(({ id }) => id);
    expect(ids('ko')).toEqual(ids('es'));
  });

  it('is a matter of the seed, in no other language and at no path', async () => {
    const [one, other] = [await read('decontextualized', ['ko']), await read('decontextualized', ['ko'], 2)];
    expect(one.sources[0]!.sha256).not.toBe(other.sources[0]!.sha256);
    await expect(read('decontextualized', ['fr'])).rejects.toThrow('toy_culture is not in fr');
    await expect(
      toyCulture.read({ languages: [], seed: 1, cwd: '.', options: {}, path: 'x.json' }),
    ).rejects.toThrow('x.json: is not read');
  });
});
