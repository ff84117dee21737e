/** Turns one parsed JSON line into rows, or into problems that say what is wrong with it. */
import { closest, distance } from 'fastest-levenshtein';
import type { Problem } from '../errors.ts';
import type { Message } from '../model/tokenizer/index.ts';
import { isTree, type TreeOptions, treeRows } from './oasst.ts';
import type { Place, Row } from './row.ts';

/** Rows found in a line, and what is wrong with it. */
export interface Parsed {
  rows: Row[];
  problems: Problem[];
}

/** Keys that make a line a row, as TRL names them, with the instruction data sets' names beside them. */
const KEYS = ['messages', 'prompt', 'completion', 'text', 'instruction', 'input', 'output'];
const SHAPES =
  'messages, prompt + completion, instruction + output, text, or an OpenAssistant conversation tree';
const ROLES = ['system', 'user', 'assistant', 'model'];

/** Rows of one line of a `.jsonl` file; a tree may give none or several, every other shape exactly one. */
export function parseLine(text: string, place: Place, options: TreeOptions): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return problem(place, `the line is not valid JSON (${(error as Error).message})`);
  }
  if (!isRecord(value)) return problem(place, `a row must be a JSON object with ${SHAPES}`);
  if (isTree(value)) return { rows: treeRows(value, place, options), problems: [] };
  if ('messages' in value) return parseMessages(value.messages, 'messages', place);
  if ('prompt' in value || 'completion' in value) return parsePair(value, 'prompt', 'completion', place);
  if ('instruction' in value) {
    const extra = typeof value.input === 'string' && value.input !== '' ? `\n\n${value.input}` : '';
    const instruction = typeof value.instruction === 'string' ? value.instruction + extra : value.instruction;
    return parsePair({ ...value, instruction }, 'instruction', 'output', place);
  }
  if ('message_id' in value) {
    const message =
      'an OpenAssistant message on its own; use the release file of conversation trees (*.trees.jsonl)';
    return problem(place, message);
  }
  if ('text' in value) {
    if (!isText(value.text)) return problem(place, 'text must be a string that is not empty');
    return { rows: [{ kind: 'text', text: value.text, place }], problems: [] };
  }
  const found = Object.keys(value);
  return {
    rows: [],
    problems: [
      {
        ...place,
        message: `the row has none of ${SHAPES}; found ${found.join(', ') || 'no keys'}`,
        ...nearest(found),
      },
    ],
  };
}

/** `prompt` + `completion` as strings, or both as lists of messages (TRL's conversational form). */
function parsePair(
  value: Record<string, unknown>,
  promptKey: string,
  completionKey: string,
  place: Place,
): Parsed {
  const prompt = value[promptKey];
  const completion = value[completionKey];
  if (Array.isArray(prompt) && Array.isArray(completion)) {
    const parsed = parseMessages([...prompt, ...completion], `${promptKey} + ${completionKey}`, place);
    return { ...parsed, rows: parsed.rows.map((row) => ({ ...row, trainFrom: prompt.length })) };
  }
  const problems: Problem[] = [];
  if (!isText(prompt))
    problems.push({ ...place, message: `${promptKey} must be a string that is not empty` });
  if (!isText(completion)) {
    const message = `the row has no response: ${completionKey} must be a string that is not empty`;
    problems.push({
      ...place,
      message,
      ...(completion === undefined ? nearest(Object.keys(value), [completionKey]) : {}),
    });
  }
  if (problems.length > 0) return { rows: [], problems };
  return {
    rows: [{ kind: 'pair', prompt: prompt as string, completion: completion as string, place }],
    problems,
  };
}

/** A conversation: an optional system message, then user and assistant in turn, the assistant last. */
function parseMessages(value: unknown, key: string, place: Place): Parsed {
  if (!Array.isArray(value) || value.length === 0)
    return problem(place, `${key} must be a list of {role, content}`);
  const messages: Message[] = [];
  for (const [index, message] of value.entries()) {
    const at = `${key}[${index}]`;
    if (!isRecord(message)) return problem(place, `${at} must be an object with role and content`);
    const { role, content } = message;
    if (typeof role !== 'string' || !ROLES.includes(role)) {
      return problem(place, `${at}.role is ${JSON.stringify(role)}; it must be one of ${ROLES.join(', ')}`);
    }
    if (typeof content !== 'string') return problem(place, `${at}.content must be a string`);
    if (role === 'system' ? index > 0 : (role === 'user') !== (turnOf(value, index) % 2 === 0)) {
      return problem(
        place,
        `${at} is a ${role} message out of turn; user and assistant alternate, user first`,
      );
    }
    messages.push({ role: role as Message['role'], content });
  }
  const last = messages.at(-1)!;
  if (last.role === 'user' || last.role === 'system' || !isText(last.content)) {
    return problem(
      place,
      `the row has no response: the last of ${key} must be an assistant message that is not empty`,
    );
  }
  return { rows: [{ kind: 'messages', messages, place }], problems: [] };
}

/** 0 for the first message after an optional system message, 1 for the next, and so on. */
function turnOf(messages: unknown[], index: number): number {
  const first = messages[0];
  return isRecord(first) && first.role === 'system' ? index - 1 : index;
}

function problem(place: Place, message: string): Parsed {
  return { rows: [], problems: [{ ...place, message }] };
}

/** A hint when one of the keys found is a slip of the pen away from one that would have done. */
function nearest(found: string[], allowed = KEYS): { hint?: string } {
  const slips = found.filter((key) => !KEYS.includes(key) && distance(key, closest(key, allowed)) <= 2);
  return slips.length === 0 ? {} : { hint: `\`${closest(slips[0]!, allowed)}\` for \`${slips[0]}\`` };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
