/** Parallel instructions, as CLO compares them: each prompt and reply beside its English original. */
import { createHash } from 'node:crypto';
import { UserError } from '../../errors.ts';
import { absolutePath } from '../../paths.ts';
import type { Place } from '../row.ts';
import { type Exchange, exchangesOf, type Met } from './exchanges.ts';
import { ENGLISH } from './languages.ts';
import { named, Problems } from './problems.ts';
import { canonical, type ReadParallelOptions } from './read.ts';
import { readRecords } from './records.ts';
import { toyExchanges } from './toy.ts';

/** A prompt x and its reply y, in English and in another language. */
export interface Instruction {
  id: string;
  /** The other language. */
  lang: string;
  xEn: string;
  yEn: string;
  xXx: string;
  yXx: string;
  /** Where the English row was read, and the one in the other language. */
  placeEn: Place;
  placeXx: Place;
}

/** Parallel instructions, and what identifies them. */
export interface InstructionSet {
  /** As the user wrote it. */
  name: string;
  /** Without English: in the order asked for, else in that of the file. */
  languages: readonly string[];
  /** By id, then by language. */
  items: readonly Instruction[];
  /** SHA-256 of all items: equal if and only if training sees the same. */
  sha256: string;
  /** What was left out, for the user to know. */
  notes: readonly string[];
}

/**
 * Reads a `.jsonl` file of rows in one language (`{id, lang, prompt, completion}`, joined on id) or in several (`{id, en:
 * {prompt, completion}, es: ..}`, `{id, prompt: {en, es}, completion: ..}`). Each needs its English original. `builtin:toy` is read, too. A reply that is
 * the same in both languages was not translated and cannot be preferred to itself: it is left out and counted.
 *
 * @throws UserError with file and line of every row that cannot be used, or if no instruction is left
 */
export async function readInstructions(
  name: string,
  options: Pick<ReadParallelOptions, 'cwd' | 'languages'>,
): Promise<InstructionSet> {
  const wanted = options.languages === undefined ? undefined : withEnglish(canonical(options.languages));
  const problems = new Problems();
  if (name.startsWith('builtin:')) {
    const exchanges = toyExchanges(name);
    const languages = new Set(exchanges.map(({ language }) => language));
    return pairUp(name, join(exchanges, problems), languages, wanted && others(wanted), []);
  }
  if (!/\.jsonl(\.gz)?$/i.test(name)) {
    const message = 'is not read: parallel instructions are a .jsonl file, optionally .jsonl.gz';
    throw new UserError({ file: name, message });
  }
  const met: Met = { languages: new Set(), unread: new Set() };
  const exchanges: Exchange[] = [];
  for (const { line, fields } of await readRecords(absolutePath(options.cwd, name), name, problems)) {
    for (const exchange of exchangesOf(fields, { file: name, line }, wanted, problems, met))
      exchanges.push(exchange);
  }
  problems.check();
  const byId = join(exchanges, problems);
  problems.check();
  const notes = met.unread.size > 0 ? [`${name}: fields that are not read: ${named([...met.unread])}`] : [];
  return pairUp(name, byId, met.languages, wanted && others(wanted), notes);
}

function withEnglish(languages: readonly string[]): string[] {
  return [ENGLISH, ...others(languages)];
}

function others(languages: readonly string[]): string[] {
  return languages.filter((language) => language !== ENGLISH);
}

type ById = Map<string, Map<string, Exchange>>;

function join(exchanges: readonly Exchange[], problems: Problems): ById {
  const byId: ById = new Map();
  for (const exchange of exchanges) {
    const { id, language, place } = exchange;
    const same = byId.get(id) ?? new Map<string, Exchange>();
    byId.set(id, same);
    const before = same.get(language);
    if (before === undefined) same.set(language, exchange);
    else {
      const message = `the id ${JSON.stringify(id)} is given twice in ${language}: on line ${before.place.line} and here`;
      problems.add({ ...place, message });
    }
  }
  return byId;
}

function pairUp(
  name: string,
  byId: ById,
  found: ReadonlySet<string>,
  wanted: readonly string[] | undefined,
  notes: readonly string[],
): InstructionSet {
  const languages = wanted ?? [...found].filter((language) => language !== ENGLISH);
  const missing = [ENGLISH, ...languages].filter((language) => !found.has(language));
  if (missing.length > 0 || languages.length === 0) {
    const what = missing.length > 0 ? named(missing) : `another language than ${ENGLISH}`;
    throw new UserError({ file: name, message: `has no rows in ${what}; found ${named([...found], 20)}` });
  }
  const items: Instruction[] = [];
  const lacks = new Map<string, number>();
  const copies = new Map<string, number>();
  const count = (counts: Map<string, number>, language: string) =>
    counts.set(language, (counts.get(language) ?? 0) + 1);
  for (const [id, same] of byId) {
    const english = same.get(ENGLISH);
    if (english === undefined) {
      count(lacks, ENGLISH);
      continue;
    }
    for (const lang of languages) {
      const other = same.get(lang);
      if (other === undefined) count(lacks, lang);
      else if (other.completion.trim() === english.completion.trim()) count(copies, lang);
      else {
        const [xEn, yEn, xXx, yXx] = [english.prompt, english.completion, other.prompt, other.completion];
        items.push({ id, lang, xEn, yEn, xXx, yXx, placeEn: english.place, placeXx: other.place });
      }
    }
  }
  const counted = (counts: Map<string, number>) => named([...counts].map(([lang, n]) => `${lang} ${n}`));
  const all = [...notes];
  if (lacks.size > 0)
    all.push(
      `${name}: of ${byId.size} ids, some are missing in a language and left out there: ${counted(lacks)}`,
    );
  if (copies.size > 0)
    all.push(
      `${name}: replies that are the same as the English ones are left out, there is nothing to prefer: ${counted(copies)}`,
    );
  if (items.length === 0) {
    const message = `no instruction is left of ${byId.size} ids: none is in ${ENGLISH} and, with another reply, in ${named(languages)}`;
    throw new UserError({ file: name, message });
  }
  const hash = createHash('sha256');
  for (const { id, lang, xEn, yEn, xXx, yXx } of items)
    hash.update(JSON.stringify([id, lang, xEn, yEn, xXx, yXx]));
  return { name, languages, items, sha256: hash.digest('hex'), notes: all };
}
