/**
 * No part of a recipe and no override is ignored: whatever is changed, what is read changes, too, or an error names the
 * place. 2,500 seeded changes of a recipe that sets every field away from its default, half of them as overrides.
 */
import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { UserError } from '../../src/errors.ts';
import { type EvalRecipe, parseEvalText, parseRecipeText, type Recipe } from '../../src/recipe/index.ts';
import { fields } from '../../src/recipe/shape.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Path = (string | number)[];

const FULL = {
  name: 'full',
  method: 'mist',
  seed: 7,
  out: 'somewhere',
  model: { path: 'dir', tokenizer: 'other', embed_scale: 'exact' },
  data: {
    train: [
      { path: 'a.jsonl', turns: 'all', replies: 'all', max_samples: 9 },
      { path: 'b.jsonl', turns: 'all', replies: 'all', max_samples: 8 },
    ],
    eval: [{ path: 'e.jsonl', turns: 'all', replies: 'all', max_samples: 7 }],
    max_seq_len: 512,
    template: 'plain',
    text_special_tokens: 'text',
  },
  train: {
    batch_size: 12,
    micro_batch_size: 3,
    epochs: 2.5,
    max_steps: 77,
    parameters: 'attention',
    optimizer: {
      name: 'adafactor',
      lr: 1e-3,
      betas: [0.8, 0.95],
      eps: 1e-7,
      weight_decay: 0.1,
      adafactor: { decay_rate: -0.7, eps: [1e-20, 1e-2], clip_threshold: 2, scale_parameter: true },
      bf16_weights: 'master_copy',
    },
    schedule: { name: 'constant', warmup_ratio: 0.1 },
    max_grad_norm: 2,
    activation_checkpointing: true,
  },
  eval_every: 20,
  eval: {
    tasks: [
      { name: 'mcq', path: 'q.jsonl', options: { bad_rows: 'drop' } },
      { name: 'toy', path: 'p', options: { bad_rows: '2' } },
    ],
    languages: ['es', 'ko'],
    limit: 33,
    shots: 2,
    scoring: 'text',
    prompt: 'plain',
    chat: true,
    metric: 'bytes',
    split: 'test',
    split_by: 'item',
    dev1_size: 11,
    dev2_size: 22,
    token_budget: 512,
  },
  checkpoint: { every: 30, keep_last: 3, best_metric: 'eval_loss', best_is: 'highest' },
  log: { every: 5 },
  backend: {
    name: 'wasm',
    compute: 'float32',
    storage: 'bfloat16',
    device: 'cpu',
    memory_limit: 4,
    threads: 2,
  },
};

const FULL_EVAL = {
  method: 'eval',
  seed: 7,
  out: 'somewhere',
  model: { path: 'dir', tokenizer: 'other', embed_scale: 'exact' },
  every_checkpoint: true,
  ...FULL.eval,
  steering: {
    kind: 'sur',
    universal_task: 'u',
    cultural_task: 'c',
    en: { layer: 3, gamma: 1.5 },
    loc: { layer: 4, gamma: -1 },
    layers: [2, 4],
    gammas: [0.25, 4],
    choose_by: 'choice_logprob',
    read_at: 'mean',
    applied_at: 'everywhere',
    vectors: 'v',
    vectors_from: 'm',
    controls: { random: 3, wrong_country: false, doses: [0.75, 3], context: false },
  },
  backend: { ...FULL.backend, compute: 'bfloat16' },
};

/** A change, what it is called, and words of which an error about it must have one. */
interface Mutation {
  what: string;
  recipe: Json;
  overrides: string[];
  names: string[];
}

const read = (recipe: Json, overrides: string[] = []): Recipe =>
  parseRecipeText(stringify(recipe, { version: '1.2' }), 'r.yaml', overrides);
const readEval = (recipe: Json, overrides: string[] = []): EvalRecipe =>
  parseEvalText(stringify(recipe, { version: '1.2' }), 'r.yaml', overrides);

describe('a recipe', () => {
  it('that sets every field away from its default is what the rest of this file mutates', () => {
    const set = paths(FULL).map((path) => path.filter((key) => typeof key === 'string').join('.'));
    // `eval_fraction` excludes `eval`.
    const missing = fields('mist').filter(({ path }) => !set.includes(path) && path !== 'data.eval_fraction');
    expect(missing.map(({ path }) => path)).toEqual([]);
    const { eval: _, ...data } = FULL.data;
    const bare = read({ name: 'x', method: 'mist', model: { path: 'y' }, data: { train: { path: 'z' } } });
    const full = read({ ...FULL, data: { ...data, eval_fraction: 0.2 } });
    const same = leaves(bare as unknown as Json).filter(([path, value]) => at(full as never, path) === value);
    expect(same.map(([path]) => path.join('.')).filter((path) => path !== 'method')).toEqual(['data.eval']);
  });

  it('of an evaluation that sets every field away from its default is mutated, too', () => {
    const set = paths(FULL_EVAL).map((path) => path.filter((key) => typeof key === 'string').join('.'));
    expect(fields('eval').filter(({ path }) => !set.includes(path))).toEqual([]);
    const bare = readEval({ method: 'eval', model: { path: 'y' } });
    const full = readEval(FULL_EVAL);
    const same = leaves(bare as unknown as Json).filter(([path, value]) => at(full as never, path) === value);
    expect(same.map(([path]) => path.join('.'))).toEqual(['method']);
  });

  it.each([1, 2, 3, 4, 5])('is changed by every change, or refused with its place (seed %i)', (seed) => {
    const random = seedrandom(`recipe/${seed}`);
    // Trainings and evaluations in turn.
    const kinds = [
      { full: FULL as Json, read, before: JSON.stringify(read(FULL)) },
      { full: FULL_EVAL as Json, read: readEval, before: JSON.stringify(readEval(FULL_EVAL)) },
    ] as const;
    for (let i = 0; i < 500; i++) {
      const kind = kinds[i % 2]!;
      const { what, recipe, overrides, names } = mutate(kind.full, random);
      let after: string;
      try {
        after = JSON.stringify(kind.read(recipe, overrides));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        const told = error.message;
        expect(
          names.some((name) => told.includes(name)),
          `${what}: ${told}`,
        ).toBe(true);
        continue;
      }
      expect(after, what).not.toBe(kind.before);
    }
  });
});

/** One change at a place by chance, in the file or as an override. */
function mutate(full: Json, random: () => number): Mutation {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const recipe = structuredClone(full);
  const path = pick(paths(full));
  const key = path.at(-1)!;
  const parent = at(recipe, path.slice(0, -1)) as Record<string | number, Json>;
  const value = parent[key]!;
  const dotted = path.join('.');
  const done = (what: string, names: Path, overrides: string[] = []): Mutation => ({
    what: `${what} at ${dotted}: ${overrides.join(' ') || JSON.stringify(parent)}`,
    recipe,
    overrides,
    names: names.map(String),
  });
  const other = otherValue(value, random);
  switch (pick(['rename', 'retype', 'add', 'list', 'remove', 'wrap', 'set', 'unset', 'misspell', 'reach'])) {
    case 'rename': {
      const renamed = typeof key === 'string' ? slip(key, random) : 'first';
      if (Array.isArray(parent)) return done('a value', [key, dotted], [`${dotted}=${flow(other)}`]);
      delete parent[key];
      parent[renamed] = value;
      return done(`rename to ${renamed}`, [renamed]);
    }
    case 'retype':
      parent[key] = other;
      return done('another value', [dotted, key]);
    case 'add': {
      const holder = value !== null && typeof value === 'object' && !Array.isArray(value) ? value : parent;
      if (Array.isArray(holder)) holder.push(other);
      else (holder as Record<string, Json>).surplus = other;
      return done('one more', ['surplus', String(path.at(-2) ?? ''), dotted]);
    }
    case 'list':
      parent[key] = [value, structuredClone(value)];
      return done('twice in a list', [dotted, key]);
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else delete parent[key];
      return done('removed', [dotted, key, String(path.at(-2) ?? '')]);
    case 'wrap':
      parent[key] = { value };
      return done('in a mapping', [dotted, key]);
    case 'set':
      return done('override', [dotted], [`${dotted}=${flow(other)}`]);
    case 'unset':
      return done('taken out', [dotted, String(key), String(path.at(-2) ?? '')], [`~${dotted}`]);
    case 'misspell': {
      const renamed = typeof key === 'string' ? slip(key, random) : '9';
      const spelled = [...path.slice(0, -1), renamed].join('.');
      return done('override of a name that is not there', [spelled], [`${spelled}=${flow(other)}`]);
    }
    default: {
      // Positions left out: one source of several cannot be told.
      const bare = path.filter((part) => typeof part === 'string').join('.');
      return done('override without positions', [bare, dotted], [`${bare}=${flow(other)}`]);
    }
  }
}

/** Every place in a value: its mappings, lists and leaves. */
function paths(value: Json, prefix: Path = []): Path[] {
  if (value === null || typeof value !== 'object') return [];
  const entries: [string | number, Json][] = Array.isArray(value)
    ? value.map((item, i) => [i, item])
    : Object.entries(value);
  return entries.flatMap(([key, child]) => [[...prefix, key], ...paths(child, [...prefix, key])]);
}

function leaves(value: Json): [Path, Json][] {
  return paths(value)
    .map((path): [Path, Json] => [path, at(value, path)])
    .filter(([, leaf]) => leaf === null || typeof leaf !== 'object');
}

function at(value: Json, path: Path): Json {
  return path.reduce<Json>((found, key) => (found as Record<string | number, Json>)?.[key] as Json, value);
}

/** A value of any type that is not the one given. */
function otherValue(value: Json, random: () => number): Json {
  const values: Json[] = [0, 1, -3, 2.5, 41, 1e9, true, false, null, 'x', 'all', '1_000', '', [], {}, [1]];
  const others = [...values, { path: 'c' }, [{ path: 'c' }]].filter((other) => !isSame(other, value));
  return structuredClone(others[Math.floor(random() * others.length)]!);
}

const isSame = (a: Json, b: Json): boolean => JSON.stringify(a) === JSON.stringify(b);

/** JSON is YAML. */
const flow = (value: Json): string => JSON.stringify(value);

/** A letter doubled, dropped, in another case or another place; never the word itself. */
function slip(word: string, random: () => number): string {
  const i = Math.floor(random() * word.length);
  const [head, letter, tail] = [word.slice(0, i), word[i]!, word.slice(i + 1)];
  const slips = [head + letter + letter + tail, head + tail, head + letter.toUpperCase() + tail, `${word}s`];
  const made = slips[Math.floor(random() * slips.length)]!;
  return made === word || made === '' ? `${word}_` : made;
}
