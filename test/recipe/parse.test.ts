import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/paths.ts';
import {
  findRecipe,
  parseAnyRecipe,
  parseRecipe,
  parseRecipeText,
  recipeReference,
  recipeYaml,
  shippedRecipes,
  snakeCase,
} from '../../src/recipe/index.ts';
import { MINIMAL, problems } from './minimal.ts';

describe('a recipe', () => {
  it('needs only what has no default, and fills in the paper’s values', () => {
    const recipe = parseRecipeText(MINIMAL, 'r.yaml');
    expect(recipe.out).toBe('runs/a');
    expect(recipe.data.train).toEqual([
      { path: 'builtin:toy', turns: 'first', replies: 'best', maxSamples: null },
    ]);
    expect(recipe.data.maxSeqLen).toBe(640);
    expect(recipe.train.batchSize).toBe(16);
    expect(recipe.train.optimizer).toMatchObject({
      name: 'adamw',
      lr: 5e-5,
      betas: [0.9, 0.999],
      eps: 1e-8,
      weightDecay: 0,
    });
    expect(recipe.train.schedule).toEqual({ name: 'linear', warmupRatio: 0.03 });
  });

  it('reads exponents as numbers and language codes as text (YAML 1.2)', () => {
    const recipe = parseRecipeText(MINIMAL, 'r.yaml', ['train.optimizer.lr=1e-4', 'name=no']);
    expect(recipe.train.optimizer.lr).toBe(1e-4);
    expect(recipe.name).toBe('no');
  });

  it('passes a batch at once where that is smaller than a micro-batch', () => {
    const { train } = parseRecipeText(`${MINIMAL}train: {micro_batch_size: 16}\n`, 'r.yaml', [
      'train.batch_size=2',
    ]);
    expect(train.microBatchSize).toBe(2);
    expect(parseRecipeText(MINIMAL, 'r.yaml').train.microBatchSize).toBe(4);
  });

  it('survives being written out with every value and read again', () => {
    const recipe = parseRecipeText(MINIMAL, 'r.yaml', ['train.max_steps=7', 'data.eval.path=e.jsonl']);
    expect(parseRecipeText(recipeYaml(recipe), 'r.yaml')).toEqual(recipe);
    expect(JSON.stringify(snakeCase(recipe))).not.toMatch(/"[a-z]+[A-Z]\w*":/);
  });

  it('that ships with the project is valid, each of them', () => {
    expect(shippedRecipes()).toContain('mist');
    for (const name of shippedRecipes())
      expect(parseAnyRecipe(name).method).toBe(
        name.startsWith('eval/') ? 'eval' : name.split('/').at(-1)!.split('-')[0],
      );
    const files = readdirSync(join(packageRoot(), 'recipes'), { recursive: true, encoding: 'utf8' });
    expect(files.filter((file) => file.endsWith('.yaml')).length).toBe(shippedRecipes().length);
  });

  it('is documented field by field in docs/recipes.md', () => {
    expect(readFileSync(join(packageRoot(), 'docs/recipes.md'), 'utf8')).toBe(recipeReference());
  });
});

describe('a mistake in a recipe', () => {
  it('is named with file, line and column, what was found, what is allowed, and the nearest spelling', () => {
    const text = MINIMAL.replace('model:', 'modle:');
    expect(problems(text)).toEqual([
      'r.yaml:1:1: model is missing: it must be a mapping with path, tokenizer, embed_scale',
      'r.yaml:3:1: unknown key modle. Did you mean model?',
    ]);
  });

  it('is reported together with all others, in the order of the file', () => {
    const text = `${MINIMAL}train:
  batch_size: 0
  epochs: many
  optimizer:
    lr: 1e-5x
    name: adam
    betas: [0.9]
`;
    expect(problems(text)).toEqual([
      'r.yaml:9:15: train.batch_size must be a whole number above 0, found 0',
      'r.yaml:10:11: train.epochs must be a number above 0 and at most 10000, found "many"',
      'r.yaml:12:9: train.optimizer.lr must be a number of at least 0 and at most 1, found "1e-5x". Did you mean 1e-5?',
      'r.yaml:13:11: train.optimizer.name must be one of adamw, adafactor, found "adam". Did you mean adamw?',
      'r.yaml:14:12: train.optimizer.betas must be a list of 2: a number of at least 0 and below 1, a number of at least 0 and below 1, found [0.9]',
    ]);
  });

  it('is found in lists, too', () => {
    const text = MINIMAL.replace('    path: builtin:toy', '    - path: builtin:toy\n    - pth: x');
    expect(problems(text)).toEqual([
      'r.yaml:8:7: data.train.1.path is missing: it must be text',
      'r.yaml:8:7: unknown key data.train.1.pth. Did you mean path?',
    ]);
  });

  it('of a key in the wrong section names the right one', () => {
    expect(problems(`${MINIMAL}lr: 1e-4\n`)).toEqual([
      'r.yaml:8:1: unknown key lr. Did you mean train.optimizer.lr?',
    ]);
  });

  it('in the method still has the rest checked', () => {
    expect(problems(MINIMAL.replace('mist', 'misst').replace('name: a', 'name: a/b'))).toEqual([
      'r.yaml:1:7: name: may only have letters, digits, ".", "_" and "-", found "a/b"',
      'r.yaml:2:9: method must be one of mist, midalign, clo, eval, found "misst". Did you mean mist?',
    ]);
  });

  it('of syntax is placed where the parser stopped', () => {
    expect(problems('name: a\nname: b\n')[0]).toBe('r.yaml:2:1: Map keys must be unique');
    expect(problems('name: [a\nmethod: mist\n')[0]).toMatch(/^r\.yaml:2:\d+: /);
    expect(problems('- a\n')).toEqual(['r.yaml:1:1: a recipe is a mapping of keys, found ["a"]']);
  });

  it('between fields is found', () => {
    expect(problems(MINIMAL, ['eval_every=5'])).toEqual([
      'override eval_every=5: eval_every needs held-out rows or questions: set data.eval, data.eval_fraction or eval.tasks',
    ]);
  });

  it('of a tag that is not known is one: its value would be another than was meant', () => {
    expect(problems(MINIMAL.replace('name: a', 'name: !secret a'))).toEqual([
      'r.yaml:1:7: Unresolved tag: !secret',
    ]);
  });

  it('in how thousands are set apart is answered with the whole number', () => {
    for (const [found, hint] of [
      ['1_000', ' Did you mean 1000?'],
      ['"12,000"', ' Did you mean 12000?'],
      ['10k', ' Did you mean 10?'],
      ['1_00', ''],
      ['3x4', ''],
    ] as const)
      expect(problems(`${MINIMAL}train: {max_steps: ${found}}\n`)[0]).toMatch(
        new RegExp(`found "[^"]+"${hint === '' ? '$' : `\\.${hint.replace('?', '\\?')}$`}`),
      );
  });

  it('does not make aliases blow up', () => {
    const levels = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i++)
      levels.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(problems(levels.join('\n'))[0]).toMatch(/alias/i);
  });
});

describe('a recipe that is not there', () => {
  it('is told from the shipped ones', () => {
    expect(() => parseRecipe('mst')).toThrow(/there is no recipe mst: .* Did you mean mist\?/);
    expect(() => parseRecipe('recipes')).toThrow('recipes: a recipe is a file, this is not one');
  });

  it('is found by name beside a folder of that name, as that of its results is', () => {
    const back = process.cwd();
    const dir = mkdtempSync(join(tmpdir(), 'isogloss-recipe-'));
    mkdirSync(join(dir, 'eval/toy'), { recursive: true });
    process.chdir(dir);
    try {
      expect(findRecipe('eval/toy')).toBe(join(packageRoot(), 'recipes/eval/toy.yaml'));
      expect(() => findRecipe('eval')).toThrow('eval: a recipe is a file, this is not one');
    } finally {
      process.chdir(back);
      rmSync(dir, { recursive: true });
    }
  });

  it('cannot be read, is too large, or is not text: each is said', () => {
    const dir = mkdtempSync(join(tmpdir(), 'isogloss-recipe-'));
    const file = join(dir, 'r.yaml');
    writeFileSync(file, Buffer.from([0x6e, 0x3a, 0x20, 0xff]));
    expect(() => parseRecipe(file)).toThrow(`${file}: is not valid UTF-8`);
    writeFileSync(file, Buffer.alloc((1 << 20) + 1, '#'));
    expect(() => parseRecipe(file)).toThrow('has 1048577 bytes, more than the 1048576 allowed');
    chmodSync(file, 0);
    if (process.getuid?.() !== 0) expect(() => parseRecipe(file)).toThrow(/cannot be read: EACCES/);
    rmSync(dir, { recursive: true });
  });
});
