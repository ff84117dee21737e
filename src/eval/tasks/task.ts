/** What a task is: where its items come from. A new task is one file with a `Task` and a line in `tasks/index.ts`. */
import type { Item } from '../item.ts';

/** What reading needs. */
export interface TaskOptions {
  /** A folder or file, or an id of the hub; undefined takes the task's own source. */
  path?: string;
  /** ISO 639-1, English among them where it is asked for. */
  languages: readonly string[];
  /** Directory that relative paths start from. */
  cwd: string;
  seed: number;
  /** Further options of the task's own, such as `variants`, by name. */
  options: Readonly<Record<string, string>>;
}

/** Items as they were read. */
export interface TaskItems {
  items: Item[];
  /** Solved examples of each language that few-shot prompts may begin with; apart from the items. */
  examples: Item[];
  /** What was left out and why, for the user to know. */
  notes: string[];
  /** Files they came from, by path, with the SHA-256 of each. */
  sources: { path: string; sha256: string }[];
}

/** A set of questions that is read, asked and counted as one. */
export interface Task {
  /** As `--tasks` names it. */
  name: string;
  /** A sentence. */
  about: string;
  /** Languages it can be had in; undefined: whatever its files are in. */
  languages?: readonly string[];
  /** What the paper measures with it: knowledge that is the same everywhere, or that depends on culture. */
  kind: 'universal' | 'cultural' | 'other';
  /** How its options are scored unless told. */
  scoring: 'letters' | 'text';
  /** Names and meanings of its own options. */
  options?: Readonly<Record<string, { about: string; values?: readonly string[]; default: string }>>;
  /** @throws UserError with file and line of all rows that cannot be used */
  read(options: TaskOptions): Promise<TaskItems>;
}
