/** An optimizer's state in a checkpoint: `optimizer.safetensors`, float32, bit by bit. */
import { fill, pieces } from '../../backend/index.ts';
import * as tf from '../../backend/tfjs.ts';
import { type Problem, UserError } from '../../errors.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../model/files/index.ts';

type State = ReadonlyMap<string, tf.Variable>;

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
    const problems: Problem[] = [];
    for (const [name, tensor] of state) {
      const found = file.tensors.get(name);
      if (found?.dtype === 'F32' && tf.util.arraysEqual([...found.shape], tensor.shape)) continue;
      const have = found ? `${found.dtype} [${found.shape}]` : 'nothing';
      problems.push({ file: path, message: `${name} must be F32 [${tensor.shape}], found ${have}` });
    }
    if (problems.length > 0) throw new UserError(problems);
    for (const [name, tensor] of state) {
      const source = file.tensors.get(name)!;
      await fill(tensor, 'F32', (offset, into) => source.readRange(offset, into));
    }
  } finally {
    await file.close();
  }
}
