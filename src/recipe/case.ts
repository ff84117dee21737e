/** Recipes are written in snake_case, as Hugging Face does, and read in camelCase, as TypeScript does. */

type CamelKey<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : K;

/** `T` with the keys of all its objects in camelCase; arrays keep their shape, and `options` the names that tasks gave them. */
export type Camel<T> = T extends readonly unknown[]
  ? { [I in keyof T]: Camel<T[I]> }
  : T extends object
    ? { [K in keyof T as CamelKey<K & string>]: K extends 'options' ? T[K] : Camel<T[K]> }
    : T;

/** `max_seq_len` to `maxSeqLen`, in every object of a JSON value. */
export function camelCase<T>(value: T): Camel<T> {
  return rename(value, (key) =>
    key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  ) as Camel<T>;
}

/** The way back; exact for every key of the schema (a test holds this). */
export function snakeCase(value: unknown): unknown {
  return rename(value, (key) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

function rename(value: unknown, spell: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => rename(item, spell));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [spell(key), key === 'options' ? item : rename(item, spell)]),
  );
}
