/**
 * Steering vectors for `lm_eval --model steered` (lm-eval 0.4.13, lm_eval/models/hf_steered.py): a .pt file of torch.save,
 * {hookpoint: {steering_vector, steering_coefficient, action, bias, head_index}}. Its other format, CSV, names features of sparse
 * autoencoders and cannot hold a vector.
 *
 * It adds coefficient * vector to the output of the module `hookpoint` at every token, those of the prompt and padding too, in
 * the type of the model.
 */
import { UserError } from '../../errors.ts';
import { requireLayer, rowOf } from '../rows.ts';
import type { SteeringVector } from '../vector.ts';
import { requireGamma } from './scaled-row.ts';
import { shellWord } from './shell-word.ts';
import { torchFileBytes } from './torch-file.ts';

/** Where blocks are in transformers' text-only Gemma 3 (270M, 1B), seen from `model.base_model`. */
export const HOOKPOINT = 'layers';
/** In Gemma 3 with images (4B and larger). */
export const HOOKPOINT_WITH_IMAGES = 'language_model.layers';

/** What goes into the file. */
export interface LmEvalOptions {
  language: string;
  /** One block: all that a file names are steered at once. */
  layer: number;
  gamma: number;
  /** Name of the list of blocks from `model.base_model` on: `layers` by default. */
  hookpoint?: string;
}

/** The bytes of the file. @throws UserError for a block or language that is not there, or a gamma that is no number */
export function lmEvalFile(
  vector: SteeringVector,
  { language, layer, gamma, hookpoint = HOOKPOINT }: LmEvalOptions,
): Uint8Array {
  requireGamma(gamma);
  requireLayer(vector, layer);
  if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(hookpoint))
    throw new UserError(
      `a hookpoint is a name such as ${HOOKPOINT} or ${HOOKPOINT_WITH_IMAGES}, found ${hookpoint}`,
    );
  const entry = new Map<string, string | number | null | Float32Array>([
    ['steering_vector', rowOf(vector, language, layer).slice()],
    ['steering_coefficient', gamma],
    ['action', 'add'],
    ['bias', null],
    ['head_index', null],
  ]);
  return torchFileBytes(new Map([[`${hookpoint}.${layer}`, entry]]));
}

/**
 * The options of lm_eval that steer by the file.
 *
 * @param path of the file, as it is to be printed
 * @throws UserError for a path that lm-eval would split, or would not take for a file of torch.save
 */
export function lmEvalOptions(path: string): string {
  if (/[,=]/.test(path) || !/\.pth?$/.test(path))
    throw new UserError({
      file: path,
      message:
        'lm-eval reads steering files that end in .pt, and splits its options at commas: name a .pt file without , and =',
    });
  return `--model steered --model_args ${shellWord(`pretrained=MODEL,steer_path=${path}`)}`;
}
