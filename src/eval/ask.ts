/** A task that is ready to be asked: its items read, a part of them taken, and made into tokens. */
import type { Gemma3Config } from '../model/index.ts';
import type { Tokenizer } from '../model/tokenizer/index.ts';
import type { Item } from './item.ts';
import type { Metric } from './metric.ts';
import { type PartSettings, partKey, partOf } from './part.ts';
import { requireAsked, type TaskKey } from './results/index.ts';
import { type PreparedItem, type PromptSettings, prepareItems } from './scoring/prepare.ts';
import type { PromptName } from './scoring/prompts.ts';
import { findTask, type Task, type TaskItems } from './tasks/index.ts';

/** What to ask of a task. */
export interface TaskRequest {
  name: string;
  /** A folder or file, or an id of the hub. */
  path?: string;
  /** Of its own, by name. */
  options: Readonly<Record<string, string>>;
}

/** How tasks are asked. */
export interface AskSettings {
  /** ISO 639-1; empty: all that a task has. */
  languages: readonly string[];
  /** Items of each language at most. */
  limit: number | null;
  shots: number;
  /** As the task says, unless told. */
  scoring?: 'letters' | 'text';
  prompt?: PromptName;
  chat: boolean;
  metric: Metric;
  /** Part of the items; all of them unless told. */
  split?: PartSettings;
  seed: number;
}

/** A task with its items as tokens. */
export interface AskedTask {
  request: TaskRequest;
  task: Task;
  key: TaskKey;
  items: Item[];
  prepared: PreparedItem[];
  sources: TaskItems['sources'];
}

/** Who reads the prompts. */
export interface Reader {
  tokenizer: Tokenizer;
  config: Gemma3Config;
}

/**
 * Reads a task and makes it ready.
 *
 * @param hear of what is left out, of the parts, and of tokens that span prompt and option
 * @throws UserError for all that is wrong with it
 */
export async function askTask(
  request: TaskRequest,
  settings: AskSettings,
  { tokenizer, config }: Reader,
  cwd: string,
  hear: (text: string, level?: 'info' | 'warning') => void,
): Promise<AskedTask> {
  const { languages, limit, shots, seed, chat, metric, split } = settings;
  const task = findTask(request.name);
  const scoring = scoringOf(task, settings);
  const { path, options } = request;
  const read = await task.read({ ...(path === undefined ? {} : { path }), languages, cwd, seed, options });
  for (const note of read.notes) hear(`${task.name}: ${note}`, 'warning');
  const part = partOf({ ...read, task: task.name }, split, { seed, shots });
  for (const note of part.notes) hear(`${task.name}: ${note}`);
  const items = firstOfEach(part.items, limit);
  const prompting: PromptSettings = {
    ...{ scoring, shots, chat },
    prompt: settings.prompt ?? (scoring === 'letters' ? 'paper' : 'question'),
    unconditional: metric === 'pmi',
  };
  const made = prepareItems(items, part.examples, tokenizer, prompting, config.maxPositionEmbeddings);
  for (const [language, ids] of made.spanning)
    hear(
      `${task.name}: in ${language} a token spans prompt and option in ${ids.length} items (${ids.slice(0, 3).join(', ')}); it counts for the option`,
      'warning',
    );
  return {
    ...{ request, task, items, prepared: made.items, sources: read.sources },
    key: {
      options: { ...options },
      sources: read.sources.map(({ sha256 }) => sha256),
      scoring,
      prompt: { form: prompting.prompt, unconditional: prompting.unconditional },
      ...{ shots, seed, limit },
      languages: [...new Set(items.map(({ language }) => language))],
      split: partKey(split),
    },
  };
}

/** @throws UserError if letters are to be compared by what only texts have */
export function scoringOf(
  task: Pick<Task, 'name' | 'scoring'>,
  { scoring = task.scoring, metric }: Pick<AskSettings, 'scoring' | 'metric'>,
): 'letters' | 'text' {
  requireAsked(undefined, task.name, { scoring, prompt: { unconditional: metric === 'pmi' } }, metric);
  return scoring;
}

function firstOfEach(items: readonly Item[], limit: number | null): Item[] {
  const counts = new Map<string, number>();
  return items.filter(({ language }) => {
    const count = (counts.get(language) ?? 0) + 1;
    counts.set(language, count);
    return limit === null || count <= limit;
  });
}
