/** A row of parallel instructions: a prompt and its reply, in one language or in several. */
import { useOf } from '../keys.ts';
import { parseRow } from '../parse.ts';
import { isEmpty, isRecord, isText, present, RowReport, shown } from '../report.ts';
import type { Place, Row } from '../row.ts';
import { languageOf, nearestLanguage } from './languages.ts';
import type { Problems } from './problems.ts';
import { ID_KEYS, idOf } from './shapes.ts';

/** A prompt and its reply in one language. */
export interface Exchange {
  id: string;
  language: string;
  prompt: string;
  completion: string;
  place: Place;
}

/** What was met while reading rows. */
export interface Met {
  /** Languages, also those that are not wanted. */
  languages: Set<string>;
  /** Fields that nothing is made of. */
  unread: Set<string>;
}

/** What of a row is read further, in one language. */
interface Part {
  language: string;
  value: Record<string, unknown>;
  /** How it is called in problems. */
  at: string;
}

const SHAPES =
  '{id, lang, prompt, completion}, {id, en: {prompt, completion}, es: ..} or {id, prompt: {en, es, ..}, completion: {..}}';

/**
 * The exchanges of a row in the languages that are wanted (all by default); what is wrong is added to `problems`.
 */
export function exchangesOf(
  fields: Readonly<Record<string, unknown>>,
  place: Place,
  wanted: readonly string[] | undefined,
  problems: Problems,
  met: Met,
): Exchange[] {
  const row = present({ ...fields });
  // A record under `id` is Indonesian, not an id.
  const idKey = ID_KEYS.find((key) => key in row && !isRecord(row[key]));
  const parts = partsOf(row, place, problems, met.unread);
  if (parts === undefined) return [];
  for (const { language } of parts) met.languages.add(language);
  const isFlat = parts.length === 1 && parts[0]!.at === '';
  // Rows that hold all languages need no id to be joined on.
  const id =
    idKey === undefined && !isFlat
      ? String(place.line)
      : idOf(row[idKey ?? 'id'], idKey ?? 'id', place.file, place.line, problems);
  if (id === undefined) return [];
  return parts
    .filter(({ language }) => wanted?.includes(language) ?? true)
    .flatMap((part) => exchangeOf(part, id, place, problems, met.unread) ?? []);
}

/** The row's parts by language. */
function partsOf(
  row: Record<string, unknown>,
  place: Place,
  problems: Problems,
  unread: Set<string>,
): Part[] | undefined {
  const [prompt, completion] = [
    ['prompt', 'instruction'].find((key) => isRecord(row[key])),
    ['completion', 'output'].find((key) => isRecord(row[key])),
  ];
  if (prompt !== undefined || completion !== undefined) {
    if (prompt !== undefined && completion !== undefined)
      return byField(row, prompt, completion, place, problems);
    const message = `${prompt ?? completion} is by language, but what belongs to it is not; rows are ${SHAPES}`;
    return problems.add({ ...place, message });
  }
  const isNested = Object.entries(row).some(
    ([key, value]) => isRecord(value) && languageOf(key) !== undefined,
  );
  const said = row.lang ?? row.language;
  if (!isNested && said !== undefined) {
    const language = isText(said) ? languageOf(said.trim()) : undefined;
    if (language !== undefined) return [{ language, value: row, at: '' }];
    const hint = isText(said) ? nearestLanguage(said) : undefined;
    const message = `lang must name a language as ISO 639-1 or FLORES do (es, spa_Latn), found ${shown(said)}`;
    return problems.add({ ...place, message, ...(hint ? { hint } : {}) });
  }
  return byLanguage(row, place, problems, unread);
}

/** What tells a prompt and its reply from an object of metadata. */
const EXCHANGE_KEYS = ['prompt', 'completion', 'instruction', 'output', 'messages', 'conversations'];

function byLanguage(
  row: Record<string, unknown>,
  place: Place,
  problems: Problems,
  unread: Set<string>,
): Part[] | undefined {
  const parts: Part[] = [];
  for (const [key, value] of Object.entries(row)) {
    const language = languageOf(key);
    if (isRecord(value) && language !== undefined) parts.push({ language, value, at: key });
    else if (isRecord(value) && EXCHANGE_KEYS.some((name) => name in value)) {
      const hint = nearestLanguage(key);
      problems.add({ ...place, message: `${key} is no language`, ...(hint ? { hint } : {}) });
    } else if (!isEmpty(value) && !ID_KEYS.includes(key) && useOf(key, 'row').use !== 'inert')
      unread.add(key);
  }
  if (parts.length > 0) return unique(parts, place, problems);
  const found = Object.keys(row).join(', ') || 'no fields';
  return problems.add({ ...place, message: `the row names no language; rows are ${SHAPES}, found ${found}` });
}

function byField(
  row: Record<string, unknown>,
  promptKey: string,
  completionKey: string,
  place: Place,
  problems: Problems,
): Part[] {
  const prompts = present(row[promptKey] as Record<string, unknown>);
  const completions = present(row[completionKey] as Record<string, unknown>);
  const parts: Part[] = [];
  for (const key of new Set([...Object.keys(prompts), ...Object.keys(completions)])) {
    const language = languageOf(key);
    if (language === undefined) {
      const hint = nearestLanguage(key);
      const message = `${key} in ${promptKey} and ${completionKey} is no language`;
      problems.add({ ...place, message, ...(hint ? { hint } : {}) });
    } else {
      const value = { prompt: prompts[key], completion: completions[key] };
      parts.push({ language, value, at: key });
    }
  }
  return unique(parts, place, problems);
}

function unique(parts: Part[], place: Place, problems: Problems): Part[] {
  for (const [i, { language, at }] of parts.entries()) {
    const before = parts.findIndex((part) => part.language === language);
    if (before < i)
      problems.add({ ...place, message: `${parts[before]!.at} and ${at} are the same language` });
  }
  return parts;
}

/** One prompt and one reply, from any shape of row that has no more than these. */
function exchangeOf(
  { language, value, at }: Part,
  id: string,
  place: Place,
  problems: Problems,
  unread: Set<string>,
): Exchange | undefined {
  const report = new RowReport(place);
  const row = parseRow(present(value), place, report);
  const prefix = at === '' ? '' : `${at}: `;
  for (const problem of report.problems) problems.add({ ...problem, message: `${prefix}${problem.message}` });
  for (const field of report.unread) unread.add(field);
  if (row === undefined || report.problems.length > 0) return undefined;
  const texts = singleTurn(row);
  if (texts === undefined) {
    const message = `${prefix}a preference is of one prompt and its reply alone, without a system message or turns before it`;
    return problems.add({ ...place, message });
  }
  if (texts.some((text) => /\p{Surrogate}/u.test(text)))
    return problems.add({
      ...place,
      message: `${prefix}the row has half of a character (a surrogate alone)`,
    });
  const [prompt, completion] = texts;
  return { id, language, prompt, completion, place };
}

function singleTurn(row: Row): [prompt: string, completion: string] | undefined {
  if (row.kind === 'pair') return [row.prompt, row.completion];
  if (row.kind === 'text' || row.messages.length !== 2) return undefined;
  const [user, reply] = row.messages;
  return user!.role === 'user' ? [user!.content, reply!.content] : undefined;
}
