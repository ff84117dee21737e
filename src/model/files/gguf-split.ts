/**
 * A GGUF in parts, as `llama-gguf-split` cuts it: `NAME-00001-of-00003.gguf` and so on, each with a header of its own.
 * The first has all metadata; `split.no` counts from 0.
 */

import { basename, dirname, join } from 'node:path';
import { UserError } from '../../errors.ts';
import type { GgufHeader } from './gguf-header.ts';

const NAME = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i;

/**
 * Paths of all parts, the first included; of a file that is not split, its own.
 * @param path of the file that the header is of
 * @throws UserError when it is a later part, or its name does not lead to the others
 */
export function partPaths(path: string, { metadata }: GgufHeader): string[] {
  const count = number(metadata, 'split.count') ?? 1;
  if (count <= 1) return [path];
  const [, stem, , ofName] = NAME.exec(basename(path)) ?? [];
  const digits = (n: number) => String(n).padStart(5, '0');
  const named = (name: string, no: number) => `${name}-${digits(no + 1)}-of-${digits(count)}.gguf`;
  const part = (no: number) => join(dirname(path), named(stem!, no));
  const no = number(metadata, 'split.no') ?? 0;
  if (stem === undefined || Number(ofName) !== count) {
    const message =
      `is part ${no + 1} of ${count}, and its name does not lead to the others; name them as they came ` +
      `(${named('NAME', no)}), or join them with llama-gguf-split --merge.`;
    throw new UserError({ file: path, message });
  }
  if (no !== 0)
    throw new UserError({
      file: path,
      message: `is part ${no + 1} of ${count}; name the first`,
      hint: part(0),
    });
  return Array.from({ length: count }, (_, i) => (i === 0 ? path : part(i)));
}

/**
 * Holds the headers of all parts to each other.
 * @throws UserError when a part is not the one its name says, or tensors are missing or there twice
 */
export function checkParts(paths: readonly string[], headers: readonly GgufHeader[]): void {
  if (paths.length === 1) return;
  const seen = new Set<string>();
  for (const [i, { metadata, tensors }] of headers.entries()) {
    const [no, count] = [number(metadata, 'split.no'), number(metadata, 'split.count')];
    if (no !== i || count !== paths.length) {
      const message = `says that it is part ${Number(no) + 1} of ${count}, not ${i + 1} of ${paths.length}.`;
      throw new UserError({ file: paths[i]!, message });
    }
    for (const { name } of tensors) {
      if (seen.has(name))
        throw new UserError({ file: paths[i]!, message: `has the tensor ${name} of an earlier part.` });
      seen.add(name);
    }
  }
  const total = number(headers[0]!.metadata, 'split.tensors.count') ?? seen.size;
  if (total !== seen.size) {
    const message = `says that all parts have ${total} tensors; they have ${seen.size}.`;
    throw new UserError({ file: paths[0]!, message });
  }
}

function number(metadata: GgufHeader['metadata'], key: string): number | undefined {
  const value = metadata.get(key);
  return typeof value === 'number' ? value : undefined;
}
