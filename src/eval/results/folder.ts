/** A folder of results: one evaluation, gone on with where it stopped, and never with what another has scored. */
import { join } from 'node:path';
import { shown as found } from '../../data/report.ts';
import { type Problem, UserError } from '../../errors.ts';
import { exists, listFolder, replaceFile } from '../../runs/run-files.ts';
import { readTextFile } from '../../text.ts';
import { difference, type EvaluationKey, evaluationIdentity } from './key.ts';

/** `evaluation.json`: what a folder is of, from before the first sample on. Snake case, as it is on disk. */
export interface EvaluationRecord {
  format: 1;
  /** `evaluationIdentity` of the key. */
  identity: string;
  /** Part of the names of the other files: see `fileDate`. */
  date: string;
  key: EvaluationKey;
}

/** Paths in a folder of results. A task in a language is a task of its own to lm-eval, and has a file of its own. */
export const resultPaths = (dir: string, date: string) => ({
  record: join(dir, RECORD),
  results: join(dir, `results_${date}.json`),
  samples: (name: string) => join(dir, `samples_${name}_${date}.jsonl`),
});

/** Not `results_` or `samples_`: lm-eval's readers must not take it for one. */
const RECORD = 'evaluation.json';

/** Names of files that belong to some evaluation. */
const OURS = /^(results_.*\.json|samples_.*\.jsonl)$/;

/** A time as it stands in names: ISO 8601 of UTC, `:` written `-` as lm-eval does. Sorts by time and holds no `_`. */
export function fileDate(time: Date): string {
  return time.toISOString().replaceAll(':', '-').replace('Z', '');
}

/**
 * What a task is called in one language: `gmmlu_sw`, as lm-eval names the members of a group such as `global_mmlu`. Its
 * results are one line a name, so that one file a name is what its tools look for.
 */
export function taskName(task: string, language: string): string {
  return `${task}_${language}`;
}

/** Names are parts of file names and keys of lm-eval's results, and its readers cut at `_`. */
const TASK = /^[A-Za-z0-9][\w-]*$/;
const LANGUAGE = /^[A-Za-z0-9][A-Za-z0-9-]*$/;

/** @throws UserError if a task or a language has a name that cannot stand in a file's, or two of them are one */
function requireNames({ tasks }: EvaluationKey): void {
  const problems: Problem[] = [];
  const taken = new Set(Object.keys(tasks));
  for (const [task, { languages }] of Object.entries(tasks)) {
    if (!TASK.test(task))
      problems.push({ message: `task ${JSON.stringify(task)}: a name is of letters, digits, _ and -` });
    for (const language of languages) {
      const name = taskName(task, language);
      if (!LANGUAGE.test(language))
        problems.push({
          message: `language ${JSON.stringify(language)} of ${task}: a name is of letters, digits and -`,
        });
      else if (taken.has(name)) problems.push({ message: `${name} names two sets of results` });
      taken.add(name);
    }
  }
  if (problems.length > 0) throw new UserError(problems);
}

/**
 * The record that `dir` has of an evaluation of this key; undefined where nothing lies in its way. `shown` is the folder as
 * the user wrote it.
 *
 * @throws UserError if it holds another evaluation, with the differences, or results of none, or the key has names that no
 *   file can have; nothing is written
 */
export async function requireSame(
  dir: string,
  shown: string,
  key: EvaluationKey,
): Promise<EvaluationRecord | undefined> {
  requireNames(key);
  const found = await readRecord(dir, shown);
  if (found === undefined) {
    const other = (await listFolder(dir, shown)).find((name) => OURS.test(name));
    if (other === undefined) return undefined;
    const message = `holds ${other}, but no ${RECORD} that says what it is of; name another folder`;
    throw new UserError({ file: shown, message });
  }
  if (found.identity === evaluationIdentity(key)) return found;
  const parts = difference(key, found.key).join('; ');
  const message = `holds the results of another evaluation, and this one has ${parts}; name another folder`;
  throw new UserError({ file: shown, message });
}

/**
 * As `requireSame`, and writes the record where there is none; call only while holding the folder's lock.
 *
 * @param time of the start
 */
export async function openRecord(
  dir: string,
  shown: string,
  key: EvaluationKey,
  time: Date,
): Promise<EvaluationRecord> {
  const found = await requireSame(dir, shown, key);
  if (found !== undefined) return found;
  const record: EvaluationRecord = {
    format: 1,
    identity: evaluationIdentity(key),
    date: fileDate(time),
    key,
  };
  await replaceFile(join(dir, RECORD), `${JSON.stringify(record, null, 2)}\n`);
  return record;
}

/**
 * The record of a folder, or undefined where there is none.
 *
 * @throws UserError if it cannot be read, is damaged or was edited, or is of another version's
 */
export async function readRecord(dir: string, shown = dir): Promise<EvaluationRecord | undefined> {
  const path = join(dir, RECORD);
  if (!(await exists(path))) return undefined;
  const file = join(shown, RECORD);
  const reason = damage(readTextFile(path, file, MAX_RECORD_BYTES));
  if (typeof reason !== 'string') return reason;
  throw new UserError({ file, message: `${reason}; name another folder, or move this one away` });
}

/** Hashes of files and a few settings: a record of more is none. */
const MAX_RECORD_BYTES = 16 << 20;

function damage(text: string): EvaluationRecord | string {
  let record: Partial<EvaluationRecord> | null;
  try {
    record = JSON.parse(text);
  } catch (error) {
    return `is damaged: ${(error as Error).message}`;
  }
  if (typeof record !== 'object' || record === null) return 'is damaged: it is not an object';
  if (record.format !== 1) return `format must be 1, found ${found(record.format)}`;
  const { date, key, identity } = record;
  if (typeof date !== 'string' || !/^[0-9T.-]+$/.test(date)) return 'is damaged: it has no date';
  if (typeof key?.tasks !== 'object' || key.tasks === null) return 'is damaged: it has no key';
  let own: string;
  try {
    own = evaluationIdentity(key);
    requireNames(key);
  } catch {
    return 'is damaged: its key lacks parts, or has names that no file can have';
  }
  return own === identity
    ? (record as EvaluationRecord)
    : 'is damaged: its key is not the one it was made with';
}
