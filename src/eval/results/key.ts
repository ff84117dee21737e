/** What an evaluation is of: two with the same key give the same scores, so what one has scored the other need not. */
import { createHash } from 'node:crypto';
import type { Tokenizer } from '../../model/tokenizer/index.ts';
import { canonicalJson, sha256 } from './digest.ts';

/** Raised whenever the same model and items would be scored otherwise than before: older folders are not gone on with. */
export const SCORER_VERSION = 2;

/** Snake case, as it is on disk. What metric options are compared by is no part: it is derived from what is on disk. */
export interface EvaluationKey {
  scorer_version: number;
  /** `weightsIdentity` of the model. */
  weights: string;
  /** `tokenizerIdentity` */
  tokenizer: string;
  /** SHA-256 of the chat template that prompts were rendered with; null without one. */
  chat_template: string | null;
  /** Factor on the embeddings. */
  embed_scale: 'bf16' | 'exact';
  /** Types that are computed in and that weights are kept in. */
  compute: string;
  storage: string;
  /** SHA-256 of the edits that the model was scored under; null for the model as it is. */
  steering: string | null;
  /** By name. */
  tasks: Record<string, TaskKey>;
}

/** What was asked. */
export interface TaskKey {
  /** Further options of the task's own, by name. */
  options: Record<string, string>;
  /** SHA-256 of the files that items came from. Their paths do not count. */
  sources: string[];
  scoring: 'letters' | 'text';
  /** Settings of the prompt, by name. */
  prompt: Record<string, string | number | boolean | null>;
  /** Solved examples before each question. */
  shots: number;
  seed: number;
  /** ISO 639-1 */
  languages: string[];
  /** Part of the items that was taken; null for all. */
  split: string | null;
  /** Items of each language at most; null for all. */
  limit: number | null;
}

/** SHA-256 in hex. The order of languages and of files does not count. */
export function evaluationIdentity(key: EvaluationKey): string {
  return sha256(canonicalJson(settled(key)));
}

/** Files that decide which ids a text has; a template beside them has its own place in the key. */
const IDS = /^(tokenizer|special_tokens|added_tokens)/;

/** SHA-256 in hex over the files of a tokenizer, or over the vocabulary that a GGUF file holds. */
export async function tokenizerIdentity(tokenizer: Tokenizer): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, bytes] of [...(await tokenizer.files())].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (IDS.test(name)) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/** What keys are called in messages, where their own names would not say it. */
const WORDS: Record<string, string> = {
  scorer_version: 'version of the scorer',
  weights: 'weights of the model',
  chat_template: 'chat template',
  embed_scale: 'factor on the embeddings',
  compute: 'type of the arithmetic',
  storage: 'type of the stored weights',
  sources: 'files of the items',
};

/** Each part in which two keys differ, in words: `tasks.gmmlu.shots: 3, not 5`; `a` first. Empty where they are equal. */
export function difference(a: EvaluationKey, b: EvaluationKey): string[] {
  const [ours, theirs] = [leaves(shared(a, b)), leaves(shared(b, a))];
  const differs = (name: string) => canonicalJson(ours.get(name)) !== canonicalJson(theirs.get(name));
  const names = [...new Set([...ours.keys(), ...theirs.keys()])].filter(differs);
  const parts = names.map(
    (name) => `${inWords(name)}: ${shown(ours.get(name))}, not ${shown(theirs.get(name))}`,
  );
  const [asked, known] = [Object.keys(a.tasks).sort(), Object.keys(b.tasks).sort()];
  if (canonicalJson(asked) !== canonicalJson(known))
    parts.push(`tasks: ${shown(asked)}, not ${shown(known)}`);
  return parts;
}

function inWords(name: string): string {
  const parts = name.split('.');
  const last = parts.pop()!;
  // An option or a setting of a prompt may have any name, and means what its task says.
  return [...parts, parts.length < 3 ? (WORDS[last] ?? last) : last].join('.');
}

/** With what has no order in one. */
function settled(key: EvaluationKey): EvaluationKey {
  const tasks = Object.entries(key.tasks).map(([name, task]) => [
    name,
    { ...task, sources: [...task.sources].sort(), languages: [...task.languages].sort() },
  ]);
  return { ...key, tasks: Object.fromEntries(tasks) };
}

/** Without the tasks that the other lacks: they would fill a page with what is not there. */
function shared(key: EvaluationKey, other: EvaluationKey): EvaluationKey {
  const tasks = Object.entries(key.tasks).filter(([name]) => Object.hasOwn(other.tasks, name));
  return settled({ ...key, tasks: Object.fromEntries(tasks) });
}

/** Values by the way to them. */
function leaves(key: EvaluationKey): Map<string, unknown> {
  const found = new Map<string, unknown>();
  const walk = (value: unknown, path: string[]): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      for (const [name, part] of Object.entries(value)) walk(part, [...path, name]);
    else if (value !== undefined) found.set(path.join('.'), value);
  };
  walk(key, []);
  return found;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.map(shown).join(' ') || 'none';
  // Twelve digits of a hash tell it from any other, and a line stays a line.
  if (typeof value === 'string')
    return JSON.stringify(value.replace(/[0-9a-f]{64}/g, (hash) => hash.slice(0, 12)));
  return String(value);
}
