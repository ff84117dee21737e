/** An optimizer's state in a checkpoint: `optimizer.safetensors`, float32, bit by bit. */
import { fill, pieces } from '../../backend/index.ts';
import * as tf from '../../backend/tfjs.ts';
import { type Problem, UserError } from '../../errors.ts';
import {
  openSafetensors,
  type TensorFile,
  type TensorToWrite,
  writeSafetensors,
} from '../../model/files/index.ts';

type State = ReadonlyMap<string, tf.Variable>;
type Shapes = ReadonlyMap<string, readonly number[]>;

/** Writes it, a piece of a tensor in memory at a time. */
export async function saveState(state: State, path: string): Promise<void> {
  const tensors: TensorToWrite[] = [...state].map(([name, tensor]) => ({
    name,
    dtype: 'F32',
    shape: tensor.shape,
    byteLength: tensor.size * 4,
    pieces: () => pieces(tensor),
  }));
  await writeSafetensors(path, tensors);
}

/** Reads it back into the variables. @throws UserError if the file does not hold the state of this optimizer. */
export async function loadState(state: State, path: string): Promise<void> {
  const file = await openSafetensors(path);
  try {
    requireShapes(file, path, new Map([...state].map(([name, { shape }]) => [name, shape])));
    for (const [name, tensor] of state) {
      const source = file.tensors.get(name)!;
      await fill(tensor, 'F32', (offset, into) => source.readRange(offset, into));
    }
  } finally {
    await file.close();
  }
}

/** Would `loadState` take it? Reads the header alone. @throws UserError if not. */
export async function checkState(shapes: Shapes, path: string): Promise<void> {
  const file = await openSafetensors(path);
  try {
    requireShapes(file, path, shapes);
  } finally {
    await file.close();
  }
}

function requireShapes(file: TensorFile, path: string, shapes: Shapes): void {
  const problems: Problem[] = [];
  for (const [name, shape] of shapes) {
    const found = file.tensors.get(name);
    if (found?.dtype === 'F32' && tf.util.arraysEqual([...found.shape], [...shape])) continue;
    const have = found ? `${found.dtype} [${found.shape}]` : 'nothing';
    problems.push({ file: path, message: `${name} must be F32 [${shape}], found ${have}` });
  }
  if (problems.length > 0) throw new UserError(problems);
}
