/** Reads lists of messages, as OpenAI (role, content) and ShareGPT (from, value) write them. */
import type { Message } from '../model/tokenizer/index.ts';
import { misspelling } from './keys.ts';
import { isRecord, isText, present, type RowReport, shown } from './report.ts';

/** A conversation, and which of its replies are trained on. */
export interface Conversation {
  messages: Message[];
  /** Messages before this index are context. */
  trainFrom: number;
  /** Indices of replies from there on that are not trained on, either. */
  untrained: number[];
}

/** A message beside how it is called in errors. */
export interface Item {
  value: unknown;
  at: string;
  /** The list it stands in, for the list of fields that are not read: `messages[].` */
  group: string;
}

const ROLES: ReadonlyMap<string, Message['role']> = new Map([
  ['system', 'system'],
  ['user', 'user'],
  ['assistant', 'assistant'],
  ['model', 'model'],
]);
const SPEAKERS: ReadonlyMap<string, Message['role']> = new Map([
  ...ROLES,
  ['human', 'user'],
  ['gpt', 'assistant'],
  ['chatgpt', 'assistant'],
]);
const TOOL_ROLES = [
  'tool',
  'function',
  'ipython',
  'observation',
  'function_call',
  'tool_call',
  'tool_response',
];
const FLAGS = ['train', 'training', 'trainable', 'loss'] as const;

/** The items of a list under `key`. */
export function itemsOf(list: readonly unknown[], key: string): Item[] {
  return list.map((value, i) => ({ value, at: `${key}[${i}]`, group: `${key}[].` }));
}

/**
 * Reads a conversation: an optional system message, then user and assistant in turn, the assistant last.
 *
 * @returns undefined if `report` now says what is wrong with it
 */
export function readConversation(
  items: readonly Item[],
  key: string,
  trainFrom: number,
  report: RowReport,
): Conversation | undefined {
  const messages: Message[] = [];
  const untrained: number[] = [];
  const flags: string[] = [];
  for (const [index, item] of items.entries()) {
    const read = readMessage(item, report);
    if (read === undefined) return undefined;
    const { message, train, flag } = read;
    const { role } = message;
    const turn = messages[0]?.role === 'system' ? index - 1 : index;
    if (role === 'system' ? index > 0 : (role === 'user') !== (turn % 2 === 0)) {
      const behind = index === 0 ? '' : ` behind ${items[index - 1]!.at}`;
      return report.refuse(
        `${item.at} is ${role === 'assistant' ? 'an' : 'a'} ${role} message out of turn${behind}; user and assistant alternate, user first`,
      );
    }
    if (train === true && index < trainFrom)
      return report.refuse(`${item.at} is marked as trained on, but the prompt is context`);
    if (train === false && isReply(message)) {
      untrained.push(index);
      flags.push(`${item.at}.${flag}`);
    }
    messages.push(message);
  }
  const conversation = { messages, trainFrom, untrained };
  return requireReplies(conversation, key, (i) => items[i]!.at, report, flags) ? conversation : undefined;
}

/**
 * Is there a reply to learn, at the end at the least, and none that is empty among those that are learnt? `flags` are the
 * fields that keep replies out of it.
 */
export function requireReplies(
  { messages, trainFrom, untrained }: Conversation,
  key: string,
  at: (index: number) => string,
  report: RowReport,
  flags: readonly string[] = [],
): boolean {
  const last = messages.at(-1);
  const trained = messages.flatMap((message, i) =>
    isReply(message) && i >= trainFrom && !untrained.includes(i) ? [i] : [],
  );
  const blank = trained.find((i) => !isText(messages[i]!.content));
  if (last === undefined || !isReply(last) || blank === messages.length - 1) {
    const message = `the last of ${key} must be an assistant message that is not empty`;
    report.refuse(`the row has no response: ${message}`);
  } else if (blank !== undefined) report.refuse(`${at(blank)} is an empty reply, which would be trained on`);
  else if (trained.length === 0) {
    const why = flags.length > 0 ? `left out by ${flags.join(', ')}` : `${key} leave none to learn`;
    report.refuse(`the row has no reply that is trained on: ${why}`);
  } else return true;
  return false;
}

/** Is it a turn of the model's? */
export function isReply({ role }: Message): boolean {
  return role === 'assistant' || role === 'model';
}

/** One message; `train` is what it says itself of being trained on, by the field `flag`. */
function readMessage(
  { value, at, group }: Item,
  report: RowReport,
): { message: Message; train?: boolean; flag?: string } | undefined {
  if (!isRecord(value)) return report.refuse(`${at} must be an object with role and content`);
  const fields = present(value);
  const before = report.problems.length;
  const role = readRole(fields, at, report);
  report.fields(fields, 'message', `${at}.`, group);
  if (role === undefined || report.problems.length > before) return undefined;
  const content = readContent(fields, at, group, report);
  if (content === undefined) return undefined;
  const message: Message = { role, content };
  const said = readFlags(fields, isReply(message), at, report);
  return report.problems.length > before ? undefined : { message, ...said };
}

function readRole(
  fields: Record<string, unknown>,
  at: string,
  report: RowReport,
): Message['role'] | undefined {
  if ('role' in fields && 'from' in fields)
    return report.refuse(`${at} has both role and from; leave one of them out`);
  const key = 'from' in fields || (!('role' in fields) && 'value' in fields) ? 'from' : 'role';
  const known = key === 'from' ? SPEAKERS : ROLES;
  const value = fields[key];
  const role = typeof value === 'string' ? known.get(value) : undefined;
  if (role !== undefined) return role;
  const allowed = `it must be one of ${[...known.keys()].join(', ')}`;
  if (typeof value !== 'string') return report.refuse(`${at}.${key} is ${shown(value)}; ${allowed}`);
  if (TOOL_ROLES.includes(value))
    return report.refuse(
      `${at}.${key} is ${shown(value)}: calls of functions are not trained on; ${allowed}`,
    );
  const hint = value === 'developer' ? 'system' : misspelling(value, [...known.keys()]);
  return report.refuse(`${at}.${key} is ${shown(value)}; ${allowed}`, hint);
}

/** A string, or the texts of a list of parts one after the other. */
function readContent(
  fields: Record<string, unknown>,
  at: string,
  group: string,
  report: RowReport,
): string | undefined {
  if ('content' in fields && 'value' in fields)
    return report.refuse(`${at} has both content and value; leave one of them out`);
  const key = 'value' in fields || (!('content' in fields) && 'from' in fields) ? 'value' : 'content';
  const content = fields[key];
  if (typeof content === 'string') return content;
  if (!Array.isArray(content) || content.length === 0)
    return report.refuse(`${at}.${key} must be a string, found ${shown(content)}`);
  let text = '';
  for (const [i, part] of content.entries()) {
    const place = `${at}.${key}[${i}]`;
    if (!isRecord(part)) return report.refuse(`${place} must be an object with type and text`);
    const parts = present(part);
    const { type, text: piece } = parts;
    if (type !== 'text')
      return report.refuse(`${place}.type is ${shown(type)}; it must be "text", as only text is read`);
    if (typeof piece !== 'string')
      return report.refuse(`${place}.text must be a string, found ${shown(piece)}`);
    report.fields(parts, 'part', `${place}.`, `${group}${key}[].`);
    text += piece;
  }
  return text;
}

/** OpenAI's `weight` 0 or 1, or a flag as axolotl and ms-swift name it. */
function readFlags(
  fields: Record<string, unknown>,
  reply: boolean,
  at: string,
  report: RowReport,
): { train: boolean; flag: string } | undefined {
  const said: { train: boolean; flag: string }[] = [];
  if ('weight' in fields) {
    const { weight } = fields;
    if (weight !== 0 && weight !== 1)
      return report.refuse(`${at}.weight must be 0 or 1, found ${shown(weight)}`);
    if (!reply) return report.refuse(`${at}.weight belongs to assistant messages; only those are trained on`);
    said.push({ train: weight === 1, flag: 'weight' });
  }
  for (const flag of FLAGS) {
    if (!(flag in fields)) continue;
    const value = fields[flag];
    if (typeof value !== 'boolean')
      return report.refuse(`${at}.${flag} must be true or false, found ${shown(value)}`);
    if (value && !reply)
      return report.refuse(`${at}.${flag} is true, but only assistant messages can be trained on`);
    said.push({ train: value, flag });
  }
  const [yes, no] = [true, false].map((train) => said.find((one) => one.train === train)?.flag);
  if (yes !== undefined && no !== undefined)
    return report.refuse(`${at} says both that it is trained on (${yes}) and that it is not (${no})`);
  return said[0];
}
