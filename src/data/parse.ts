/** Turns one parsed JSON line into rows, or into problems that say what is wrong with it. */
import { closest, distance } from 'fastest-levenshtein';
import type { Problem } from '../errors.ts';
import type { Message } from '../model/tokenizer/index.ts';
import { unusedFields } from './companions.ts';
import { misspelling, REFUSED_KEYS, ROW_KEYS } from './keys.ts';
import { type Conversation, itemsOf, readConversation, requireReplies } from './messages.ts';
import { isTree, readTree, type TreeOptions } from './oasst.ts';
import { repeatedKey } from './repeated-key.ts';
import { isEmpty, isRecord, isText, present, RowReport, shown } from './report.ts';
import type { Place, Row } from './row.ts';

/** Rows found in a line, and what is wrong with it. */
export interface Parsed {
  rows: Row[];
  problems: Problem[];
  /** Fields that nothing is made of and that may mean something to the user, such as `messages[].mood`. */
  unread: string[];
}

const SHAPES =
  'messages, prompt + completion, instruction + output, conversations, text, or an OpenAssistant conversation tree';

/** A conversation found in a row, and the fields that it was made of. */
interface Found {
  conversation: Conversation;
  /** One prompt and its reply, given as two strings. */
  isPair: boolean;
  used: readonly string[];
}

/** Rows of one line of a `.jsonl` file; a tree may give none or several, every other shape exactly one. */
export function parseLine(text: string, place: Place, options: TreeOptions): Parsed {
  const report = new RowReport(place);
  const done = (rows: Row[]): Parsed => ({
    rows: report.problems.length > 0 ? [] : rows,
    problems: report.problems,
    unread: [...report.unread],
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    report.refuse(`the line is not valid JSON (${(error as Error).message})`);
    return done([]);
  }
  if (hasLoneSurrogate(text))
    report.refuse('the row has half of a character (a surrogate such as \\ud83d alone)');
  const repeated = repeatedKey(text);
  if (repeated !== undefined) report.refuse(`the row has the field ${repeated} twice`);
  if (!isRecord(value)) report.refuse(`a row must be a JSON object with ${SHAPES}`);
  else if (isTree(value)) return done(readTree(value, place, options, report));
  else {
    const row = parseRow(present(value), place, report);
    const lang = isEmpty(value.lang) ? value.language : value.lang;
    if (!isEmpty(lang) && !isText(lang)) report.refuse(`lang must be a string, found ${shown(lang)}`);
    if (row !== undefined) return done([isText(lang) ? { ...row, lang, ...idOf(value) } : row]);
  }
  return done([]);
}

/**
 * The row of an object with one of the shapes. Fields that are null must have been left out.
 * @returns undefined if `report` now says what is wrong with it
 */
export function parseRow(value: Record<string, unknown>, place: Place, report: RowReport): Row | undefined {
  // A row of another kind has none of what would be asked for below.
  for (const key of ['chosen', 'rejected', 'input_ids'])
    if (!isEmpty(value[key])) return report.refuse(`${key} cannot be used: ${REFUSED_KEYS.get(key)}`);
  const row = readShape(value, place, report);
  report.fields(value, 'row');
  return row;
}

/** An id is of use beside a language: then it is what translations have in common. */
function idOf({ id }: Record<string, unknown>): { id?: string } {
  return typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {};
}

function readShape(value: Record<string, unknown>, place: Place, report: RowReport): Row | undefined {
  const has = (key: string) => key in value;
  if (has('messages') || has('conversations')) return finish(readList(value, report), value, place, report);
  if (isRecord(value.prompt)) {
    const hint = misspelling('message_tree_id', Object.keys(value));
    return report.refuse(
      'prompt is an object, as in an OpenAssistant conversation tree, but there is no message_tree_id beside it',
      hint && `\`message_tree_id\` for \`${hint}\``,
    );
  }
  const isAlpaca = has('instruction') && (has('output') || !has('completion'));
  if ((has('prompt') && !(isAlpaca && !has('completion'))) || (has('completion') && !isAlpaca))
    return finish(readPair(value, 'prompt', 'completion', report), value, place, report);
  if (has('instruction')) return finish(readAlpaca(value, report), value, place, report);
  if (has('message_id')) {
    return report.refuse(
      'an OpenAssistant message on its own; use the release file of conversation trees (*.trees.jsonl)',
    );
  }
  if (has('text')) {
    unusedFields(value, ['text'], undefined, report);
    if (!isText(value.text)) return report.refuse('text must be a string that is not empty');
    return { kind: 'text', text: value.text, place };
  }
  const keys = Object.keys(value);
  report.refuse(`the row has none of ${SHAPES}; found ${keys.join(', ') || 'no keys'}`, nearest(keys));
}

/** `messages` or `conversations`. */
function readList(value: Record<string, unknown>, report: RowReport): Found | undefined {
  if (!isEmpty(value.messages) && !isEmpty(value.conversations))
    return report.refuse('the row has both messages and conversations; leave one of them out');
  const key = isEmpty(value.messages) && 'conversations' in value ? 'conversations' : 'messages';
  const list = value[key];
  if (!Array.isArray(list) || list.length === 0)
    return report.refuse(`${key} must be a list of {role, content}`);
  const conversation = readConversation(itemsOf(list, key), key, 0, report);
  return conversation && { conversation, isPair: false, used: [key, 'system'] };
}

/** `prompt` + `completion` as strings, or both as lists of messages (TRL's conversational form). */
function readPair(
  value: Record<string, unknown>,
  promptKey: string,
  completionKey: string,
  report: RowReport,
): Found | undefined {
  const prompt = value[promptKey];
  const completion = value[completionKey];
  const used = [promptKey, completionKey, 'system'];
  if (Array.isArray(prompt) && Array.isArray(completion)) {
    for (const [key, list] of Object.entries({ [promptKey]: prompt, [completionKey]: completion }))
      if (list.length === 0) report.refuse(`${key} must be a list of messages that is not empty`);
    if (prompt.length === 0 || completion.length === 0) return undefined;
    const items = [...itemsOf(prompt, promptKey), ...itemsOf(completion, completionKey)];
    const key = `${promptKey} + ${completionKey}`;
    const conversation = readConversation(items, key, prompt.length, report);
    return conversation && { conversation, isPair: false, used };
  }
  if ((Array.isArray(prompt) && isText(completion)) || (isText(prompt) && Array.isArray(completion))) {
    const [list, text] = isText(prompt) ? [completionKey, promptKey] : [promptKey, completionKey];
    return report.refuse(`${list} is a list of messages, but ${text} is a string; both must be of one kind`);
  }
  if (!isText(prompt)) {
    const missing = prompt === undefined ? `the row has no ${promptKey} for its ${completionKey}: ` : '';
    report.refuse(
      `${missing}${promptKey} must be a string that is not empty`,
      prompt === undefined ? nearest(Object.keys(value), [promptKey]) : undefined,
    );
  }
  if (!isText(completion)) {
    report.refuse(
      `the row has no response: ${completionKey} must be a string that is not empty`,
      completion === undefined ? nearest(Object.keys(value), [completionKey]) : undefined,
    );
  }
  if (!isText(prompt) || !isText(completion)) return undefined;
  return { conversation: exchange([[prompt, completion]]), isPair: true, used };
}

/** Alpaca's `instruction` + `input` + `output`; `history` holds earlier turns, which are learnt, too, as LLaMA-Factory does. */
function readAlpaca(value: Record<string, unknown>, report: RowReport): Found | undefined {
  const { input = '', history = [] } = value;
  if (typeof input !== 'string') report.refuse(`input must be a string, found ${shown(input)}`);
  const isPairOfTexts = (turn: unknown): turn is [string, string] =>
    Array.isArray(turn) && turn.length === 2 && turn.every((text) => typeof text === 'string');
  const turns: [string, string][] = [];
  if (!Array.isArray(history)) report.refuse(`history must be a list of pairs, found ${shown(history)}`);
  else {
    for (const [i, turn] of history.entries()) {
      if (isPairOfTexts(turn)) turns.push(turn);
      else return report.refuse(`history[${i}] must be a pair of strings, what was asked and the reply`);
    }
  }
  const found = readPair(value, 'instruction', 'output', report);
  if (found === undefined || typeof input !== 'string' || !Array.isArray(history)) return undefined;
  if (!found.isPair) return report.refuse('instruction and output must be strings');
  const [asked, reply] = found.conversation.messages.map(({ content }) => content) as [string, string];
  const conversation = exchange([...turns, [input === '' ? asked : `${asked}\n\n${input}`, reply]]);
  if (!requireReplies(conversation, 'output', (i) => `history[${i >> 1}][1]`, report)) return undefined;
  return { conversation, isPair: turns.length === 0, used: [...found.used, 'input', 'history'] };
}

/** Questions and answers in turn. */
function exchange(turns: readonly (readonly [string, string])[]): Conversation {
  const messages = turns.flatMap(([user, assistant]): Message[] => [
    { role: 'user', content: user },
    { role: 'assistant', content: assistant },
  ]);
  return { messages, trainFrom: 0, untrained: [] };
}

/** Puts the row's `system` before its messages, and holds what else it says against them. */
function finish(
  found: Found | undefined,
  value: Record<string, unknown>,
  place: Place,
  report: RowReport,
): Row | undefined {
  const { system = '' } = value;
  if (typeof system !== 'string') return report.refuse(`system must be a string, found ${shown(system)}`);
  if (found === undefined) return undefined;
  const { conversation, isPair, used } = found;
  unusedFields(value, used, conversation.messages, report);
  const { messages, trainFrom, untrained } = conversation;
  const [first] = messages;
  if (first?.role === 'system' && system !== '' && system !== first.content)
    return report.refuse(
      'the row has both system and a system message, and they differ; leave one of them out',
    );
  const added = system !== '' && first?.role !== 'system' ? 1 : 0;
  if (isPair && added === 0)
    return { kind: 'pair', prompt: messages[0]!.content, completion: messages[1]!.content, place };
  return {
    kind: 'messages',
    messages: added === 1 ? [{ role: 'system', content: system }, ...messages] : messages,
    place,
    ...(trainFrom > 0 ? { trainFrom: trainFrom + added } : {}),
    ...(untrained.length > 0 ? { untrained: untrained.map((i) => i + added) } : {}),
  };
}

/**
 * Does JSON text spell half of a pair of UTF-16 codes? It has no bytes in UTF-8 and would quietly become another character;
 * only an escape can spell it, as the text itself was decoded from UTF-8.
 */
function hasLoneSurrogate(json: string): boolean {
  if (!/\\ud[89a-f]/i.test(json)) return false;
  const rest = json.replaceAll(/\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\[^u]/gi, ' ');
  return /\\ud[89a-f]/i.test(rest);
}

/** A hint when one of the keys found is a slip of the pen away from one that would have done. */
function nearest(found: string[], allowed: readonly string[] = ROW_KEYS): string | undefined {
  const slips = found.filter(
    (key) => !ROW_KEYS.some((known) => known === key) && distance(key, closest(key, allowed)) <= 2,
  );
  return slips.length === 0 ? undefined : `\`${closest(slips[0]!, allowed)}\` for \`${slips[0]}\``;
}
