/**
 * The small files beside a model's weights that other programs need: fetched with the model, and carried into every
 * checkpoint. A list and no exclusion, as a directory may also hold results and settings of the training that made it,
 * which are not true of a model that is trained further.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.ts';
import { ifThere } from '../if-there.ts';
import { TOKENIZER_FILES } from './tokenizer/load.ts';

/** What ends a text, and how to sample. */
export const GENERATION_CONFIG = 'generation_config.json';

/** preprocessor_config.json, processor_config.json, video_preprocessor_config.json and the like. */
const PROCESSOR = /^(\w+_)?(pre)?processor_config\.json$/;

/** Chat templates beside the first, for transformers' `apply_chat_template(chat_template=name)`. */
export const TEMPLATE_FOLDER = 'additional_chat_templates';
const TEMPLATE = new RegExp(`^${TEMPLATE_FOLDER}/\\w[\\w.-]*\\.jinja$`);

/** Marks a directory of PEFT. */
const ADAPTER = 'adapter_config.json';

/** Is this path, relative to the model's directory, a file of its tokenizer? */
export function isTokenizerFile(path: string): boolean {
  return TOKENIZER_FILES.includes(path) || TEMPLATE.test(path);
}

/** Is this path, relative to the model's directory, one that goes where the model goes? */
export function isCompanion(path: string): boolean {
  return path === GENERATION_CONFIG || PROCESSOR.test(path) || isTokenizerFile(path);
}

/** @throws UserError when an adapter is among the names: transformers would apply it, and this program does not */
export function refuseAdapter(names: Iterable<string>, shown: string): void {
  if (![...names].includes(ADAPTER)) return;
  throw new UserError({
    file: shown,
    message:
      `holds an adapter (${ADAPTER}), which would not be applied; merge it into its model with PEFT ` +
      `(merge_and_unload, then save_pretrained) and take that, or remove ${ADAPTER} if only the model beside it is meant`,
  });
}

/**
 * What goes along with the model in `dir` beside its tokenizer: path -> bytes.
 * @throws UserError when one of the files is there and cannot be read
 */
export async function readCompanions(dir: string): Promise<Map<string, Uint8Array>> {
  return readNamed(
    dir,
    (await readdir(dir)).filter((name) => isCompanion(name) && !isTokenizerFile(name)),
  );
}

/** The further chat templates in a tokenizer's directory; as `readCompanions`. */
export async function readTemplates(dir: string): Promise<Map<string, Uint8Array>> {
  const folder = join(dir, TEMPLATE_FOLDER);
  const names = (await ifThere(folder, readdir(folder))) ?? [];
  return readNamed(dir, names.map((name) => `${TEMPLATE_FOLDER}/${name}`).filter(isTokenizerFile));
}

async function readNamed(dir: string, names: readonly string[]): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of names.toSorted()) {
    const path = join(dir, name);
    const bytes = await ifThere(path, readFile(path));
    if (bytes !== undefined) files.set(name, bytes);
  }
  return files;
}
