/**
 * Names in a file -> the decoder's own names, whichever of four prefixes the file uses.
 *
 * `model.` text-only checkpoints; `language_model.model.` the hub's 4B, 12B and 27B; `model.language_model.` what
 * transformers >= 4.52 saves of those; none: a bare Gemma3TextModel. Which one it is shows where `embed_tokens.weight` is.
 */

import type { Problem } from '../../errors.ts';
import { UserError } from '../../errors.ts';
import type { TensorFile, TensorSource } from './tensors.ts';

const PREFIXES = ['model.', 'language_model.model.', 'model.language_model.', ''] as const;
const EMBEDDING = 'embed_tokens.weight';
const VISION = /^(model\.)?(vision_tower|vision_model|multi_modal_projector)\./;
const HEADS = ['lm_head.weight', 'language_model.lm_head.weight', 'model.lm_head.weight'];
const CHUNK = 16 << 20;

export interface ResolvedNames {
  /** Put before the decoder's names in this file, and on save again. */
  prefix: string;
  /** The decoder's name (`layers.0.mlp.up_proj.weight`) -> where it is. */
  tensors: Map<string, TensorSource>;
  /** Tensors of the picture part, left out of the model; see `openCarried`. */
  vision: TensorSource[];
  /** What a user should hear about, though it loads. */
  warnings: string[];
}

/**
 * Finds the decoder's tensors in a file.
 * @param expected the decoder's names and shapes, see `parameterShapes`
 * @throws UserError listing every missing, unexpected and mis-shaped tensor
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
  const warnings: string[] = [];
  const unexpected: string[] = [];
  const misshaped: string[] = [];
  for (const [name, source] of file.tensors) {
    const own = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
    const shape = own === undefined ? undefined : expected.get(own);
    if (shape !== undefined && own !== undefined) {
      if (!sameShape(shape, source.shape)) misshaped.push(`${name} is [${source.shape}], not [${shape}]`);
      tensors.set(own, source);
    } else if (VISION.test(name)) vision.push(source);
    else if (HEADS.includes(name)) {
      const embedding = file.tensors.get(prefix + EMBEDDING)!;
      if (!(await sameBytes(source, embedding))) {
        warnings.push(
          `${name} differs from ${prefix}${EMBEDDING} and is not used: Gemma 3 predicts with its embedding.`,
        );
      }
    } else unexpected.push(name);
  }
  const missing = [...expected.keys()].filter((name) => !tensors.has(name)).map((name) => prefix + name);
  const problems: Problem[] = [
    ...listed(file.path, 'missing', missing),
    ...listed(file.path, 'not of a Gemma 3 decoder of this config', unexpected),
    ...listed(file.path, 'of another shape than config.json says', misshaped),
  ];
  if (problems.length > 0) throw new UserError(problems);
  return { prefix, tensors, vision, warnings };
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

/** Compares piece by piece: the embedding of 27B alone has 2.8 GB. */
async function sameBytes(a: TensorSource, b: TensorSource): Promise<boolean> {
  if (a.dtype !== b.dtype || a.byteLength !== b.byteLength) return false;
  for (let offset = 0; offset < a.byteLength; offset += CHUNK) {
    const length = Math.min(CHUNK, a.byteLength - offset);
    const [left, right] = await Promise.all([
      a.readRange(offset, new Uint8Array(length)),
      b.readRange(offset, new Uint8Array(length)),
    ]);
    if (Buffer.compare(left, right) !== 0) return false;
  }
  return true;
}
