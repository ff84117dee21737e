/**
 * Names in a file -> the decoder's own names, whichever of four prefixes the file uses.
 *
 * `model.` text-only checkpoints; `language_model.model.` the hub's 4B, 12B and 27B; `model.language_model.` what
 * transformers >= 4.52 saves of those; none: a bare Gemma3TextModel. Which one it is shows where `embed_tokens.weight` is.
 */

import type { Problem } from '../../errors.ts';
import { UserError } from '../../errors.ts';
import { countElements, isFloatDtype, isQuantDtype } from './dtype.ts';
import type { TensorFile, TensorSource } from './tensors.ts';

const PREFIXES = ['model.', 'language_model.model.', 'model.language_model.', ''] as const;
const EMBEDDING = 'embed_tokens.weight';
const VISION = /^(model\.)?(vision_tower|vision_model|multi_modal_projector)\./;
const HEADS = ['lm_head.weight', 'language_model.lm_head.weight', 'model.lm_head.weight'];
/** Bytes or values compared at a time; whole blocks of every quantised type. */
const CHUNK = 4 << 20;

export interface ResolvedNames {
  /** Put before the decoder's names in this file, and on save again. */
  prefix: string;
  /** The decoder's name (`layers.0.mlp.up_proj.weight`) -> where it is. */
  tensors: Map<string, TensorSource>;
  /** Tensors of the picture part, left out of the model; see `openCarried`. */
  vision: TensorSource[];
}

/**
 * Finds the decoder's tensors in a file. A head beside them must be the embedding over again: Gemma 3 predicts with its
 * embedding, and a model with a head of its own would lose it here.
 * @param expected the decoder's names and shapes, see `parameterShapes`
 * @throws UserError listing every missing, unexpected, mis-shaped and unreadable tensor, and a head that is not the embedding
 */
export async function resolveNames(
  file: TensorFile,
  expected: ReadonlyMap<string, readonly number[]>,
): Promise<ResolvedNames> {
  const prefix = PREFIXES.find((candidate) => file.tensors.has(candidate + EMBEDDING));
  if (prefix === undefined) {
    const some = [...file.tensors.keys()].slice(0, 3).join(', ') || 'no tensor at all';
    throw new UserError({
      file: file.path,
      message: `no Gemma 3 weights: there is no ${EMBEDDING}, but ${some}.`,
    });
  }
  const tensors = new Map<string, TensorSource>();
  const vision: TensorSource[] = [];
  const heads: TensorSource[] = [];
  const unexpected: string[] = [];
  const misshaped: string[] = [];
  const unreadable: string[] = [];
  for (const [name, source] of file.tensors) {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    const shape = own === undefined ? undefined : expected.get(own);
    if (shape !== undefined && own !== undefined) {
      if (!sameShape(shape, source.shape)) misshaped.push(`${name} is [${source.shape}], not [${shape}]`);
      if (!isFloatDtype(source.dtype) && !isQuantDtype(source.dtype))
        unreadable.push(`${name} is ${source.dtype}`);
      tensors.set(own, source);
    } else if (VISION.test(name)) vision.push(source);
    else if (HEADS.includes(name)) heads.push(source);
    else unexpected.push(name);
  }
  const missing = [...expected.keys()].filter((name) => !tensors.has(name)).map((name) => prefix + name);
  const problems: Problem[] = [
    ...listed(file.path, 'missing', missing),
    ...listed(file.path, 'not of a Gemma 3 decoder of this config', unexpected),
    ...listed(file.path, 'of another shape than config.json says', misshaped),
    ...listed(file.path, 'no real numbers, or quantised in a way that is not read', unreadable),
  ];
  if (problems.length > 0) throw new UserError(problems);
  const embedding = file.tensors.get(prefix + EMBEDDING)!;
  for (const head of heads) {
    if (await sameValues(head, embedding)) continue;
    const message =
      `${head.name} differs from ${embedding.name}: the model predicts with a head of its own ` +
      '(tie_word_embeddings false), and Gemma 3 with its embedding. Take a model without one';
    throw new UserError({ file: file.path, message });
  }
  return { prefix, tensors, vision };
}

function listed(file: string, what: string, names: readonly string[]): Problem[] {
  if (names.length === 0) return [];
  const more = names.length > 12 ? ` and ${names.length - 12} more` : '';
  const count = names.length === 1 ? '1 tensor is' : `${names.length} tensors are`;
  return [{ file, message: `${count} ${what}: ${names.slice(0, 12).join('; ')}${more}.` }];
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** Compares piece by piece: the embedding of 27B alone has 2.8 GB. Of one type by its bytes, of two by their values. */
async function sameValues(a: TensorSource, b: TensorSource): Promise<boolean> {
  if (!sameShape(a.shape, b.shape)) return false;
  if (a.dtype === b.dtype) {
    return samePieces(a.byteLength, (offset, length) =>
      Promise.all([a, b].map((x) => x.readRange(offset, new Uint8Array(length)))),
    );
  }
  const readable = [a, b].every(({ dtype }) => isFloatDtype(dtype) || isQuantDtype(dtype));
  if (!readable) return false;
  return samePieces(countElements(a.shape), async (first, count) => {
    const both = await Promise.all([a, b].map((x) => x.readFloat32Into(first, new Float32Array(count))));
    return both.map((values) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  });
}

async function samePieces(
  size: number,
  read: (first: number, length: number) => Promise<Uint8Array[]>,
): Promise<boolean> {
  for (let first = 0; first < size; first += CHUNK) {
    const [left, right] = await read(first, Math.min(CHUNK, size - first));
    if (Buffer.compare(left!, right!) !== 0) return false;
  }
  return true;
}
