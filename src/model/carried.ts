/**
 * What a checkpoint holds beside the decoder: the picture part of a multimodal Gemma 3. It is not read into memory, but
 * goes from file to file when the model is saved, so that what was a multimodal checkpoint stays one.
 */
import { openCheckpoint } from './checkpoint.ts';
import { parameterShapes } from './config.ts';
import { resolveNames, type SafetensorsDtype, type TensorSource, type TensorToWrite } from './files/index.ts';

/** Tensors of an open file. It can be read to the end even if it is removed in the meantime. */
export interface Carried {
  tensors: readonly TensorToWrite[];
  close(): Promise<void>;
}

/** Nothing to carry along. */
export const NOTHING_CARRIED: Carried = { tensors: [], close: async () => {} };

/** Opens a model's file for what is carried along. @throws UserError as `loadGemma3` does */
export async function openCarried(path: string): Promise<Carried> {
  const { config, file } = await openCheckpoint(path);
  try {
    const { vision } = await resolveNames(file, parameterShapes(config));
    if (vision.length > 0) return { tensors: vision.map(asWritten), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
  await file.close();
  return NOTHING_CARRIED;
}

const PIECE = 16 << 20;

function asWritten(source: TensorSource): TensorToWrite {
  const { name, dtype, shape, byteLength } = source;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < byteLength; offset += PIECE)
      yield await source.readRange(offset, new Uint8Array(Math.min(PIECE, byteLength - offset)));
  }
  // Quantised types are GGUF's, whose files hold no picture part under these names.
  return { name, dtype: dtype as SafetensorsDtype, shape, byteLength, pieces };
}
