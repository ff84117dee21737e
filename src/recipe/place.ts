/** Where in a recipe's text a value stands: file, line and column of each path, or the override that set it. */
import { type Document, isMap, isNode, isPair, isScalar, isSeq, type LineCounter, type Node } from 'yaml';
import type { Problem } from '../errors.ts';
import type { Path } from './shape.ts';

/** Finds the place of a path, for problems. */
export interface Places {
  /** Of the value at `path`; of its key if `what` is `key`. Falls back to the nearest enclosing thing there is. */
  find(path: Path, what?: 'key' | 'value'): Pick<Problem, 'file' | 'line' | 'column'>;
}

/** What set a path from the command line. */
export interface Origin {
  /** `override lr=1`, or an option as typed. */
  shown: string;
  path: Path;
}

/** Places of a parsed document under the overrides applied to it, later ones winning. */
export function locate(
  file: string,
  document: Document,
  lines: LineCounter,
  overrides: readonly Origin[],
): Places {
  return {
    find(path, what = 'value') {
      const origin = overrides.findLast(
        (candidate) =>
          startsWith(path, candidate.path) ||
          // A problem with a whole object is an override's if the override reaches into it and the file has none.
          (startsWith(candidate.path, path) && nodeAt(document, path).depth < path.length),
      );
      if (origin) return { file: origin.shown };
      const { node, key, depth } = nodeAt(document, path);
      const at = what === 'key' && depth === path.length ? (key ?? node) : node;
      const offset = at?.range?.[0];
      if (offset === undefined) return file === '' ? {} : { file };
      const { line, col } = lines.linePos(offset);
      return { file, line, column: col };
    },
  };
}

/** True if `path` is at or below `prefix`; positions of single-element lists may be left out of a path. */
function startsWith(path: Path, prefix: Path): boolean {
  const bare = (value: Path) => value.filter((key) => !isPosition(key)).map(String);
  const [long, short] = [bare(path), bare(prefix)];
  if (!short.every((key, i) => key === long[i])) return false;
  const [longAt, shortAt] = [path.filter(isPosition), prefix.filter(isPosition)];
  return shortAt.every((at, i) => longAt[i] === undefined || Number(longAt[i]) === Number(at));
}

const isPosition = (key: string | number): boolean => typeof key === 'number' || /^\d+$/.test(key);

/** The node at `path` with its key, or the deepest one on the way and how many steps were made. */
function nodeAt(
  document: Document,
  path: Path,
): { node: Node | undefined; key: Node | undefined; depth: number } {
  let node: Node | undefined = isNode(document.contents) ? document.contents : undefined;
  let key: Node | undefined;
  let depth = 0;
  for (const step of path) {
    // A source that stands alone is validated as a list of one.
    if (isMap(node) && step === 0) {
      depth++;
      continue;
    }
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step),
      );
      if (!pair) break;
      key = pair.key as Node;
      node = isNode(pair.value) ? pair.value : key;
    } else if (isSeq(node)) {
      const item = node.items[Number(step)];
      if (!isNode(item)) break;
      node = item;
      key = item;
    } else break;
    depth++;
  }
  return { node, key, depth };
}
