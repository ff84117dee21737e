/** A model on the disk, whatever its format: its config and its weight file. */

import { join } from 'node:path';
import { type Gemma3Config, parseConfig } from './config.ts';
import { isGguf, openGguf } from './files/gguf.ts';
import { openSafetensors, readJson, type TensorFile } from './files/index.ts';
import { generationEosIds } from './generation-config.ts';
import { ggufConfig } from './gguf-config.ts';

export interface Checkpoint {
  config: Gemma3Config;
  /** The caller closes it. */
  file: TensorFile;
}

/**
 * Opens a directory in Hugging Face's layout or a `.gguf` file; only headers are read.
 * @throws UserError when there is none, it is damaged, or it holds another model
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  if (!isGguf(path)) {
    const configFile = join(path, 'config.json');
    const config = parseConfig(await readJson(configFile), configFile);
    const eosTokenIds = (await generationEosIds(path, config.vocabSize)) ?? config.eosTokenIds;
    return { config: { ...config, eosTokenIds }, file: await openSafetensors(path) };
  }
  const file = await openGguf(path);
  try {
    return { config: ggufConfig(file), file };
  } catch (error) {
    await file.close();
    throw error;
  }
}
