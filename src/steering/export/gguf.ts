/**
 * Steering vectors as control vectors of llama.cpp and repeng: GGUF, a tensor `direction.k` a block.
 *
 * llama.cpp (common.cpp, llama-adapter.cpp, src/models/gemma3.cpp) adds `direction.k` to the output of its 0-based block k, as
 * we do, at every token, those of the prompt too. It refuses `direction.0`, other types than F32, other than one dimension
 * and unequal lengths. Metadata beside the architecture is not read; repeng's names are used.
 *
 * Shape letters: D model.
 */
import { UserError } from '../../errors.ts';
import { ggufBytes } from '../../model/files/gguf-write.ts';
import { requireLayer, rowOf } from '../rows.ts';
import type { SteeringVector } from '../vector.ts';
import { requireGamma, scaledRow } from './scaled-row.ts';
import { shellWord } from './shell-word.ts';

/** `general.architecture` of a control vector. */
export const CONTROL_VECTOR = 'controlvector';
/** llama.cpp's name of the architecture, and what model types of transformers begin with. */
export const MODEL_HINT = 'gemma3';
/** Before keys that only we read. */
export const OURS = 'isogloss.';

/** What goes into the file. */
export interface GgufOptions {
  language: string;
  /** One block; without it all but block 0, to choose from where it is used. */
  layer?: number;
  /** Multiplied into the numbers; 1 by default, which leaves them bit for bit. */
  gamma?: number;
}

/**
 * The bytes of a control vector of one language, which is all that a file can hold.
 *
 * @throws UserError for block 0, a block or language that is not there, a gamma that is no number, and numbers that it makes
 *   too large for float32
 */
export function ggufControlVector(
  vector: SteeringVector,
  { language, layer, gamma = 1 }: GgufOptions,
): Uint8Array {
  const tensors = controlLayers(vector, layer).map((k) => {
    const values = scaledRow(rowOf(vector, language, k), gamma);
    return { name: `direction.${k}`, shape: [values.length], values };
  });
  const { kind, read_at, applied_at } = vector.facts;
  const metadata = new Map<string, string | number>([
    ['general.architecture', CONTROL_VECTOR],
    [`${CONTROL_VECTOR}.model_hint`, MODEL_HINT],
    [`${CONTROL_VECTOR}.layer_count`, tensors.length],
    [`${OURS}language`, vector.vectors_LD.has(language) ? language : '*'],
    [`${OURS}kind`, kind],
    [`${OURS}read_at`, read_at],
    [`${OURS}applied_at`, applied_at],
    [`${OURS}identity`, vector.identity],
  ]);
  return ggufBytes(metadata, tensors);
}

/** The blocks of a file: the one asked for, or all that can be there. */
function controlLayers(vector: SteeringVector, layer: number | undefined): number[] {
  if (layer === undefined) {
    const others = vector.facts.model.num_hidden_layers - 1;
    if (others === 0) throw refusedBlock0();
    return Array.from({ length: others }, (_, i) => i + 1);
  }
  if (layer === 0) throw refusedBlock0();
  requireLayer(vector, layer);
  return [layer];
}

function refusedBlock0(): UserError {
  return new UserError(
    'a control vector cannot hold block 0: llama.cpp refuses direction.0; take a later block, or --format lm-eval',
  );
}

/** The options of llama.cpp that apply the file as a step of ours would be. */
export interface LlamaCppOptions {
  /** Path of the file, as it is to be printed. */
  path: string;
  layer?: number;
  /** Factor that is not in the numbers yet. */
  gamma: number;
}

/**
 * Those options, for a command line; without a block, one is to be filled in.
 *
 * @throws UserError for a gamma that is no number, and for a path with a comma or a colon, at which llama.cpp splits
 */
export function llamaCppOptions({ path, layer, gamma }: LlamaCppOptions): string {
  requireGamma(gamma);
  if (/[,:]/.test(path))
    throw new UserError({
      file: path,
      message: 'llama.cpp splits FILE:SCALE,.. at colons and commas: name a file without them',
    });
  const range = layer === undefined ? 'LAYER LAYER' : `${layer} ${layer}`;
  return `--control-vector-scaled ${shellWord(`${path}:${gamma}`)} --control-vector-layer-range ${range}`;
}
