/** Changes a row of JSON at one place, as users do by mistake. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Fields = Record<string, Json>;
type Path = (string | number)[];

/** A row with one change. */
export interface Mutation {
  row: Json;
  original: Json;
  /** What `row` is held against: the row before, for a renamed field the row without it. */
  base: Json;
  /** In words, for the message of a test. */
  what: string;
  /** The field that is new or has another value; of a list's item, the list's. */
  key: string;
  /** The object that holds the field. */
  holder: Fields;
  path: Path;
  was: Json | undefined;
  is: Json | undefined;
  /** Any of these in an error tells where to look. */
  names: string[];
}

const VALUES: Json[] = [
  ...[0, 1, 2.5, true, false, null, '', 'six', [], {}, ['six'], { a: 'six' }, [['six', 'ten']]],
  [{ type: 'image', image: 'a.png' }],
];

/** Names with a meaning at one level or another, and names with none. */
const NAMES = [
  ...[
    'messages',
    'conversations',
    'prompt',
    'completion',
    'text',
    'instruction',
    'input',
    'output',
    'system',
  ],
  ...[
    'history',
    'role',
    'content',
    'from',
    'value',
    'weight',
    'train',
    'loss',
    'rank',
    'synthetic',
    'replies',
  ],
  ...[
    'tools',
    'tool_calls',
    'images',
    'chosen',
    'labels',
    'name',
    'thinking',
    'source',
    'mood',
    'difficulty',
  ],
];

/** One change of `original`, drawn from `random`: rename, add, remove, another type or text, into a list, empty. */
export function mutate(original: Json, random: () => number): Mutation {
  const row = structuredClone(original);
  const path = pick(paths(row), random);
  const last = path.at(-1)!;
  const parent = at(row, path.slice(0, -1)) as Fields;
  const was = parent[last]!;
  const steps = path.map((_, i) => at(row, path.slice(0, i))).filter((step) => !Array.isArray(step));
  const key = String(path.findLast((step) => typeof step === 'string'));
  const holder = steps.at(-1) as Fields;
  const done = (what: string, is: Json | undefined): Mutation => ({
    ...{
      row,
      original,
      base: original,
      what: `${path.join('.')} ${what}`,
      key,
      holder,
      path,
      was,
      is,
      names: [key],
    },
  });
  switch (pick(['retype', 'rename', 'rename', 'add', 'remove', 'list', 'empty', 'text'], random)) {
    case 'rename': {
      if (Array.isArray(parent)) break;
      const renamed = pick(misspellings(String(last), random), random);
      if (renamed in parent) break;
      delete parent[last];
      const base = structuredClone(row);
      parent[renamed] = was;
      const names = [renamed, key];
      return { ...done(`renamed ${renamed}`, was), base, key: renamed, was: undefined, names };
    }
    case 'add': {
      const place = typeof was === 'object' && was !== null && !Array.isArray(was) ? was : holder;
      const added = pick(NAMES, random);
      const before = place[added];
      const is = another(before, random);
      place[added] = is;
      return { ...done(`got ${added}`, is), key: added, holder: place, was: before, names: [added] };
    }
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(last), 1);
      else delete parent[last];
      return done('removed', undefined);
    case 'list':
      parent[last] = [was];
      return done('in a list', [was]);
    case 'empty': {
      const is = pick<Json>([null, '', [], {}], random);
      parent[last] = is;
      return done('emptied', is);
    }
    case 'text':
      if (typeof was !== 'string') break;
      parent[last] = `${was}!`;
      return done('has another text', `${was}!`);
  }
  const is = another(was, random);
  parent[last] = is;
  return done(`became ${JSON.stringify(is)}`, is);
}

function another(than: Json | undefined, random: () => number): Json {
  const others = VALUES.filter((value) => JSON.stringify(value) !== JSON.stringify(than));
  return structuredClone(pick(others, random));
}

/** A letter lost, doubled, swapped or in another case; and the name of another field. */
function misspellings(key: string, random: () => number): string[] {
  const i = Math.floor(random() * (key.length - 1));
  const [head, a, b, tail] = [key.slice(0, i), key[i]!, key[i + 1]!, key.slice(i + 2)];
  return [
    ...[`${head}${b}${tail}`, `${head}${a}${a}${b}${tail}`, `${head}${b}${a}${tail}`],
    ...[`${key}s`, key.toUpperCase(), `${key[0]!.toUpperCase()}${key.slice(1)}`],
    ...[pick(NAMES, random), pick(NAMES, random)],
  ];
}

function at(row: Json, path: Path): Json {
  return path.reduce<Json>((value, key) => (value as Fields)[key]!, row);
}

function paths(value: Json, prefix: Path = []): Path[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.keys(value).flatMap((name) => {
    const key = Array.isArray(value) ? Number(name) : name;
    return [[...prefix, key], ...paths((value as Fields)[key]!, [...prefix, key])];
  });
}

/** One of `list`. */
export function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)]!;
}
