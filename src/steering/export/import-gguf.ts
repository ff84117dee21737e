/** Reads control vectors of llama.cpp and repeng. Shape letters: D model. */
import { type Problem, UserError } from '../../errors.ts';
import { type GgufFile, openGguf } from '../../model/files/gguf.ts';
import type { SteeringVector } from '../vector.ts';
import { CONTROL_VECTOR, MODEL_HINT, OURS } from './gguf.ts';
import { type ImportedModel, importedVector } from './imported.ts';
import { readSmall } from './read-small.ts';

/** How a file is imported. */
export interface ImportOptions extends ImportedModel {
  /** Of the vector; what the file says by default, and `*`, which serves all, where it says nothing. */
  language?: string;
}

/** Problems told of one file. */
const SHOWN = 10;

/**
 * The vector in a file. Blocks that it does not have, block 0 among them, are zeros.
 *
 * @param shown the path as the user wrote it
 * @throws UserError if it is no sound GGUF file, no control vector, or one that does not fit the model
 */
export async function importGguf(
  path: string,
  options: ImportOptions,
  shown = path,
): Promise<SteeringVector> {
  const { sha256 } = await readSmall(path, shown);
  const file = await openGguf(path);
  try {
    requireControlVector(file, shown);
    const rows = await readDirections(file, options, shown);
    const said = (key: string) => file.metadata[`${OURS}${key}`];
    return importedVector(
      {
        format: 'gguf',
        sha256,
        language: options.language ?? said('language') ?? '*',
        rows,
        gammas: new Map([...rows.keys()].map((layer) => [layer, 1])),
        ...oneOf('kind', ['en', 'loc', 'random', 'other'], said('kind')),
        ...oneOf('readAt', ['last', 'mean', 'answer'], said('read_at')),
        ...oneOf('appliedAt', ['prompt_end', 'everywhere'], said('applied_at')),
      },
      options,
      shown,
    );
  } finally {
    await file.close();
  }
}

function requireControlVector({ metadata }: GgufFile, file: string): void {
  const architecture = metadata['general.architecture'];
  if (architecture !== CONTROL_VECTOR)
    throw new UserError({
      file,
      message: `has the architecture ${JSON.stringify(architecture)?.slice(0, 80) ?? 'none'}, and a control vector has "${CONTROL_VECTOR}"`,
    });
  const hint = metadata[`${CONTROL_VECTOR}.model_hint`];
  if (hint !== undefined && !hint.startsWith(MODEL_HINT))
    throw new UserError({
      file,
      message: `is of a model of type ${JSON.stringify(hint).slice(0, 80)}; only ${MODEL_HINT} is known here`,
    });
}

/** Held to what llama.cpp holds it to, and to the model. */
async function readDirections(
  { tensors }: GgufFile,
  { model }: ImportedModel,
  file: string,
): Promise<Map<number, Float32Array>> {
  const { num_hidden_layers: L, hidden_size: D } = model;
  const problems: Problem[] = [];
  const rows = new Map<number, Float32Array>();
  for (const { name, dtype, shape, readFloat32 } of tensors.values()) {
    const refuse = (message: string) => {
      const quoted = JSON.stringify(name.slice(0, 60));
      if (problems.length < SHOWN) problems.push({ file, message: `tensor ${quoted} ${message}` });
    };
    const layer = Number(/^direction\.(0|[1-9]\d{0,8})$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(layer)) refuse('is none of a control vector: those are direction.1, direction.2, ..');
    else if (layer === 0) refuse('is of block 0, which llama.cpp refuses');
    else if (layer >= L) refuse(`is of a block that ${model.name} does not have: it has ${L}, 0 to ${L - 1}`);
    else if (dtype !== 'F32') refuse(`is ${dtype}; F32 is needed`);
    else if (shape.length !== 1 || shape[0] !== D)
      refuse(`has shape [${shape}], and ${model.name} has a width of ${D}`);
    else {
      const row_D = await readFloat32();
      if (!row_D.every(Number.isFinite)) refuse('has numbers that are not finite');
      rows.set(layer, row_D);
    }
  }
  if (tensors.size === 0) problems.push({ file, message: 'holds no direction' });
  if (problems.length > 0) throw new UserError(problems);
  return rows;
}

/** A fact that the file tells, if it is one that there is. */
function oneOf<const K extends string, const T extends string>(
  key: K,
  known: readonly T[],
  said: string | undefined,
): { [key in K]?: T } {
  const found = known.find((value) => value === said);
  return (found === undefined ? {} : { [key]: found }) as { [key in K]?: T };
}
