/** What a checkpoint's generation_config.json says to the model: which ids end a text. */

import { join } from 'node:path';
import { type Problem, UserError } from '../errors.ts';
import { ConfigReader, isRecord } from './config-reader.ts';
import { readJsonIfThere } from './files/index.ts';

/**
 * The ids that end a text, which transformers takes from here before config.json: instruction-tuned Gemma 3 has the end
 * of a turn only here.
 * @param vocabSize rows of the embedding
 * @returns nothing when there is no such file, or it does not say
 * @throws UserError when the file cannot be read, or names no ids of the model
 */
export async function generationEosIds(directory: string, vocabSize: number): Promise<number[] | undefined> {
  const file = join(directory, 'generation_config.json');
  const json = await readJsonIfThere(file);
  if (json === undefined) return undefined;
  if (!isRecord(json)) throw new UserError({ file, message: 'must hold a JSON object.' });
  if (json.eos_token_id === undefined || json.eos_token_id === null) return undefined;
  const problems: Problem[] = [];
  const ids = new ConfigReader(json, {}, file, problems).tokenIds('eos_token_id', 0);
  const beyond = ids.find((id) => id >= vocabSize);
  if (beyond !== undefined)
    problems.push({
      file,
      message: `"eos_token_id" is ${beyond}, but the model has ${vocabSize} embeddings.`,
    });
  if (problems.length > 0) throw new UserError(problems);
  return ids;
}
