/** Reads the steering files of lm-eval. */
import { UserError } from '../../errors.ts';
import type { SteeringVector } from '../vector.ts';
import type { ImportOptions } from './import-gguf.ts';
import { importedVector } from './imported.ts';
import { readSmall } from './read-small.ts';
import { readTorchFile, type TorchFile } from './torch-file.ts';
import { type Pickled, PickledTensor } from './unpickle.ts';

/** Blocks by the names that they have in Gemma 3 with images and without, from `model.base_model` or the model on. */
const BLOCK = /^(?:model\.)?(?:language_model\.)?(?:model\.)?layers\.(0|[1-9]\d{0,8})$/;

/**
 * The vector in a .pt file; its coefficients stand in the facts, and are not multiplied into the numbers. Blocks that it does not
 * have are zeros.
 *
 * @param shown the path as the user wrote it
 * @throws UserError if it is no file of torch.save's that holds dictionaries of tensors, does more than add to the output of
 *   blocks, or does not fit the model
 */
export async function importLmEval(
  path: string,
  options: ImportOptions,
  shown = path,
): Promise<SteeringVector> {
  if (/\.csv$/i.test(path))
    throw new UserError({
      file: shown,
      message:
        'lists features of sparse autoencoders, as the .csv files of lm-eval do; only its .pt files hold vectors',
    });
  const { bytes, sha256 } = await readSmall(path, shown);
  const file = readTorchFile(bytes, shown);
  if (!(file.value instanceof Map) || file.value.size === 0)
    throw new UserError({ file: shown, message: 'holds no dictionary of hookpoints' });
  const rows = new Map<number, Float32Array>();
  const gammas = new Map<number, number>();
  const refuse = (message: string): never => {
    throw new UserError({ file: shown, message });
  };
  const { num_hidden_layers: L, hidden_size: D, name } = options.model;
  for (const [hookpoint, entry] of file.value) {
    const quoted = quote(hookpoint);
    const found = typeof hookpoint === 'string' ? BLOCK.exec(hookpoint) : null;
    if (found === null)
      return refuse(`steers ${quoted}, which is no block; blocks are layers.0, layers.1, ..`);
    const layer = Number(found[1]);
    if (layer >= L) return refuse(`steers ${quoted}, and ${name} has ${L} blocks, 0 to ${L - 1}`);
    if (rows.has(layer)) return refuse(`steers block ${layer} by two names`);
    if (!(entry instanceof Map)) return refuse(`has no dictionary at ${quoted}`);
    const { vector, gamma } = readEntry(entry, quoted, file, refuse);
    if (vector.length !== D)
      return refuse(`has ${vector.length} numbers at ${quoted}, and ${name} has a width of ${D}`);
    if (!vector.every(Number.isFinite)) return refuse(`has numbers at ${quoted} that are not finite`);
    rows.set(layer, vector);
    gammas.set(layer, gamma);
  }
  const language = options.language ?? '*';
  return importedVector({ format: 'lm-eval', sha256, language, rows, gammas }, options, shown);
}

function readEntry(
  entry: ReadonlyMap<Pickled, Pickled>,
  quoted: string,
  file: TorchFile,
  refuse: (message: string) => never,
): { vector: Float32Array; gamma: number } {
  const action = entry.get('action');
  if (action !== 'add')
    return refuse(`does ${quote(action)} at ${quoted}; only "add" is a vector that is added`);
  for (const key of ['bias', 'head_index'])
    if ((entry.get(key) ?? null) !== null)
      return refuse(`has a ${key} at ${quoted}, which steering here has not`);
  const gamma = entry.get('steering_coefficient') ?? 1;
  if (typeof gamma !== 'number' || !Number.isFinite(gamma))
    return refuse(`has a steering_coefficient at ${quoted} that is no finite number`);
  const tensor = entry.get('steering_vector');
  if (!(tensor instanceof PickledTensor)) return refuse(`has no steering_vector at ${quoted}`);
  return { vector: file.vector(tensor, `the steering_vector at ${quoted}`), gamma };
}

function quote(value: Pickled | undefined): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60));
  return typeof value === 'number' || value === null ? String(value) : 'what is no text';
}
