/** Reaches into a recipe under construction along a dotted path, through mappings and lists, as overrides do. */
import { dotted, show } from './explain.ts';
import { type Kind, SCHEMAS } from './schema.ts';
import { alternatives, type Path, schemaAt } from './shape.ts';

/** A JSON value under construction. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * Sets the value at `path`, making the mappings on the way that are missing. A list of one answers for its element.
 *
 * @returns what stands in the way, if anything does; then nothing was set.
 */
export function setAt(root: Json, path: readonly string[], value: Json): string | undefined {
  const found = reach(root, path, true);
  if (found === undefined || typeof found === 'string') return found;
  Object.defineProperty(found.holder, found.key, {
    value,
    ...{ enumerable: true, writable: true, configurable: true },
  });
  return undefined;
}

/** Takes out what is at `path`. @returns why it cannot be, if it cannot. */
export function removeAt(root: Json, path: readonly string[]): string | undefined {
  const found = reach(root, path, false);
  if (typeof found === 'string') return found;
  if (found === undefined || !Object.hasOwn(found.holder, found.key))
    return `the recipe does not set ${dotted(path)}`;
  const { holder, key } = found;
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return undefined;
}

interface Found {
  holder: Json[] | { [key: string]: Json };
  key: string;
}

/** What holds the last key of `path`; undefined if the way there is missing and not to be made. */
function reach(root: Json, path: readonly string[], make: boolean): Found | string | undefined {
  let at = root;
  for (const [i, key] of path.entries()) {
    const walked = path.slice(0, i);
    if (Array.isArray(at)) {
      const place = placeIn(at, key, walked, path.slice(i));
      if (typeof place === 'string') return place;
      if (place.isKey) {
        if (i === path.length - 1) return { holder: at, key };
        at = at[Number(key)]!;
        continue;
      }
      at = place.only;
    }
    if (at === null || typeof at !== 'object')
      return `${dotted(walked)} is ${show(at)} and has nothing in it`;
    const holder = at as { [key: string]: Json };
    if (i === path.length - 1) return { holder, key };
    const missing = !Object.hasOwn(holder, key) || holder[key] === null;
    if (missing && !make) return undefined;
    const intoList = isPosition(path[i + 1]!) && takesList(path.slice(0, i + 1));
    if (missing) holder[key] = intoList ? [{}] : {};
    // One that stands alone is a list of one, wherever a list may stand.
    else if (intoList && !Array.isArray(holder[key])) holder[key] = [holder[key]!];
    at = holder[key]!;
  }
  return undefined;
}

type Place = { isKey: true } | { isKey: false; only: Json };

/** Which element of a list a key means: one by its position, or the only one. */
function placeIn(list: Json[], key: string, walked: Path, rest: Path): Place | string {
  const name = dotted(walked);
  if (/^-?\d+$/.test(key)) {
    if (isPosition(key) && Number(key) < list.length) return { isKey: true };
    const positions = list.length === 1 ? 'position 0' : `positions 0 to ${list.length - 1}`;
    return `${name} has ${list.length === 0 ? 'no elements' : positions}, and no ${key}`;
  }
  const [only] = list;
  if (list.length === 1 && only !== null && typeof only === 'object' && !Array.isArray(only))
    return { isKey: false, only: only as Json };
  const example =
    list.length === 0 ? '' : `: say which one, ${dotted([...walked, 0, ...rest])} for the first`;
  return `${name} is a list of ${list.length}${example}`;
}

function isPosition(key: string): boolean {
  return /^(0|[1-9]\d*)$/.test(key);
}

/** May a list stand at `path`, in any kind of recipe? */
function takesList(path: readonly string[]): boolean {
  const keys = path.map((key) => (isPosition(key) ? Number(key) : key));
  return (Object.keys(SCHEMAS) as Kind[]).some((method) => {
    const schema = schemaAt(method, keys);
    return schema !== undefined && alternatives(schema).some(({ type }) => type === 'array');
  });
}
