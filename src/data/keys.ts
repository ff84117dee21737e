/**
 * Which fields of a row are read, which change its meaning in a way that cannot be followed here, and which say nothing
 * about its text. One list for all readers, so that no field is dropped without a word.
 */
import { distance } from 'fastest-levenshtein';

/** Fields of a row that are read, as TRL, Alpaca, ShareGPT and LLaMA-Factory name them. */
export const ROW_KEYS = [
  'messages',
  'conversations',
  'prompt',
  'completion',
  'text',
  'instruction',
  'input',
  'output',
  'system',
  'history',
] as const;

/** Fields of a message that are read: OpenAI's names, ShareGPT's, and the flags that keep a reply out of the loss. */
export const MESSAGE_KEYS = [
  'role',
  'content',
  'from',
  'value',
  'weight',
  'train',
  'training',
  'trainable',
  'loss',
] as const;

/** Fields of a message in an OpenAssistant tree that are read. */
export const TREE_KEYS = ['text', 'role', 'rank', 'deleted', 'synthetic', 'replies'] as const;

const TOOLS = 'calls of functions are not trained on';
const MEDIA = 'only text is read';
const PREFERENCE = 'a preference row; only replies to imitate are trained on';
const TOKENS = 'tokens of another program; rows are given as text';
const REASONING = 'reasoning apart from the reply is not trained on';
const TEMPLATE = 'options of a chat template are not read';
const WEIGHT = 'what counts is said by `weight` 0 or 1 of an assistant message';
const TURN = 'templates of Gemma have no place for it';

/** Fields that public formats give a meaning to which cannot be followed here, with the reason. */
export const REFUSED_KEYS: ReadonlyMap<string, string> = new Map([
  ...['tools', 'tool_calls', 'tool_call_id', 'tool_choice', 'tool_responses', 'parallel_tool_calls'].map(
    (key) => [key, TOOLS] as const,
  ),
  ...['functions', 'function_call'].map((key) => [key, TOOLS] as const),
  ...['image', 'images', 'image_url', 'audio', 'audios', 'video', 'videos', 'attachments', 'files'].map(
    (key) => [key, MEDIA] as const,
  ),
  ...['chosen', 'rejected', 'label', 'kto_tag'].map((key) => [key, PREFERENCE] as const),
  ...['input_ids', 'attention_mask', 'labels', 'position_ids', 'completion_mask', 'assistant_masks'].map(
    (key) => [key, TOKENS] as const,
  ),
  ...['thinking', 'thought', 'thoughts', 'reasoning', 'reasoning_content'].map(
    (key) => [key, REASONING] as const,
  ),
  ...['chat_template', 'chat_template_kwargs', 'enable_thinking', 'documents', 'add_generation_prompt'].map(
    (key) => [key, TEMPLATE] as const,
  ),
  ...['loss_weight', 'sample_weight', 'weights', 'loss_mask', 'mask', 'mask_history', 'train_detail'].map(
    (key) => [key, WEIGHT] as const,
  ),
  ...['train_on_input', 'train_on_inputs', 'train_on_prompt', 'roles_to_train'].map(
    (key) => [key, WEIGHT] as const,
  ),
  ['prefix', 'a reply that is begun for the model is not trained on'],
  ['suffix', 'text to be filled in before an end is not trained on'],
  ['refusal', TURN],
  ['system_prompt', 'write it as `system`'],
  ['context', 'write it as `input` beside instruction + output'],
]);

/** Where a field stands: in the row itself, in a message of it, or in a part of a message's content. */
export type Level = 'row' | 'message' | 'part';

const FLAGS = ['weight', 'train', 'training', 'trainable', 'loss'].map((key) => [key, WEIGHT] as const);

/** What is read at each level, and what is refused there only: elsewhere the same name says nothing. */
const LEVELS: Readonly<Record<Level, { read: readonly string[]; refused: ReadonlyMap<string, string> }>> = {
  row: { read: ROW_KEYS, refused: new Map(FLAGS) },
  message: {
    read: MESSAGE_KEYS,
    refused: new Map([
      ['name', TURN],
      ['tool_name', TOOLS],
    ]),
  },
  part: { read: ['type', 'text'], refused: new Map(FLAGS) },
};

/** Fields that say where a row comes from and what it is about: left unread without a word, at every level. */
export const INERT_KEYS: ReadonlySet<string> = new Set([
  ...[
    'id',
    '_id',
    'uid',
    'uuid',
    'guid',
    'idx',
    'index',
    '__index_level_0__',
    'row_id',
    'hash',
    'md5',
    'sha256',
  ],
  ...['conversation_id', 'conversation_hash', 'prompt_id', 'message_id', 'parent_id', 'user_id', 'thread_id'],
  ...['source', 'sources', 'dataset', 'dataset_name', 'origin', 'url', 'license', 'author', 'annotator_id'],
  ...[
    'category',
    'categories',
    'topic',
    'topics',
    'subject',
    'domain',
    'title',
    'tag',
    'tags',
    'task',
    'type',
  ],
  ...['lang', 'language', 'languages', 'locale', 'country', 'script', 'translated'],
  ...[
    'date',
    'dump',
    'year',
    'created',
    'created_at',
    'created_date',
    'updated_at',
    'timestamp',
    'time',
    'version',
  ],
  ...['model', 'model_name', 'generator', 'metadata', 'meta', 'score', 'scores', 'rating', 'quality'],
  ...['turn', 'num_turns', 'num_tokens', 'token_count', 'length', 'comment', 'note', 'notes'],
]);

/** What becomes of a field. `hint` is the spelling that was probably meant. */
export type FieldUse =
  | { use: 'read' | 'inert' | 'unread' }
  | { use: 'refused'; reason: string }
  | { use: 'misspelt'; hint: string };

/** Words in their own right that stand a letter from a known field, and names that mean something at another level. */
const NO_SLIPS: ReadonlySet<string> = new Set([
  ...['file', 'height', 'level', 'mark', 'next', 'test', 'tests'],
  ...Object.values(LEVELS).flatMap(({ read }) => read),
]);

/** What becomes of a field. A slip of the pen away from a meaning is no metadata. */
export function useOf(key: string, level: Level): FieldUse {
  const { read, refused } = LEVELS[level];
  if (read.includes(key)) return { use: 'read' };
  const reason = refused.get(key) ?? REFUSED_KEYS.get(key);
  if (reason !== undefined) return { use: 'refused', reason };
  if (INERT_KEYS.has(key)) return { use: 'inert' };
  if (NO_SLIPS.has(key)) return { use: 'unread' };
  const hint = misspelling(key, read) ?? misspelling(key, [...refused.keys(), ...REFUSED_KEYS.keys()]);
  return hint === undefined ? { use: 'unread' } : { use: 'misspelt', hint };
}

/** The key of `known` that `key` is the fewest slips of the pen away from: letters off, another case, other separators. */
export function misspelling(key: string, known: readonly string[]): string | undefined {
  if (key.length > LONGEST) return undefined;
  const plain = letters(key);
  if (plain === '') return undefined;
  let nearest: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const other of known) {
    const slips = slipsBetween(plain, letters(other));
    // Two letters off in a short word is another word: level is not label.
    if (slips > (other.length < 6 ? 1 : 2) || slips >= fewest) continue;
    nearest = other;
    fewest = slips;
  }
  return nearest;
}

/** Letters to put in, leave out or change; two neighbours swapped are one slip of the pen. */
function slipsBetween(a: string, b: string): number {
  const from = [...a].findIndex((letter, i) => letter !== b[i]);
  if (from >= 0 && `${a.slice(0, from)}${a[from + 1] ?? ''}${a[from]}${a.slice(from + 2)}` === b) return 1;
  return distance(a, b);
}

/** No known key comes near that; comparing costs the product of the lengths. */
const LONGEST = 32;

function letters(key: string): string {
  return key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
