/**
 * What training on chats adds to a checkpoint, so that other programs can talk to it: the template it was trained in, and
 * the end of a turn among the ids that end a text. A base model comes with neither.
 */
import { templateSource, turnEndId } from '../model/tokenizer/index.ts';
import type { ModelSource } from '../runs/model-source.ts';

const TEMPLATE_FILE = 'chat_template.jinja';
const GENERATION_FILE = 'generation_config.json';

/** The source with the files and ids that a model which is trained on chats has. */
export function asChatModel(source: ModelSource): ModelSource {
  const { tokenizer } = source;
  const files = new Map(source.files);
  // A template that came with the tokenizer is among its files.
  if (tokenizer.chatTemplate === undefined)
    files.set(TEMPLATE_FILE, Buffer.from(templateSource(tokenizer), 'utf8'));
  const end = turnEndId(tokenizer);
  if (end === undefined) return { ...source, files };
  const generation = files.get(GENERATION_FILE);
  if (generation !== undefined) {
    const json = JSON.parse(Buffer.from(generation).toString('utf8')) as { eos_token_id?: unknown };
    const before = [json.eos_token_id ?? source.config.eosTokenIds].flat() as number[];
    if (!before.includes(end)) {
      const changed = { ...json, eos_token_id: [...before, end] };
      files.set(GENERATION_FILE, Buffer.from(`${JSON.stringify(changed, null, 2)}\n`));
    }
  }
  return { ...source, files, extraEosIds: [end] };
}
