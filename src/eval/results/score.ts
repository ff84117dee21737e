/** What `isogloss score` does: other figures of scores that are on disk, without the model. */
import { UserError } from '../../errors.ts';
import { exists } from '../../runs/run-files.ts';
import type { ScoredItem } from '../item.ts';
import { endedCounts, requireCount } from './counts.ts';
import { readRecord, resultPaths, taskName } from './folder.ts';
import type { EvaluationKey, TaskKey } from './key.ts';
import { readSamples } from './read-samples.ts';
import { fromSample, type Sample } from './sample.ts';

/** A scored item; its texts that are large, which no metric is derived from, are empty: `doc`, prompt, continuations. */
export interface SavedScore extends ScoredItem {
  docId: number;
  hashes: Pick<Sample, 'doc_hash' | 'prompt_hash' | 'target_hash'>;
}

/** The scores of a task in one language, in the order of `docId`. */
export interface SavedScores {
  task: string;
  language: string;
  scores: SavedScore[];
  /** Has the evaluation ended, so that every item is there? */
  ended: boolean;
}

/**
 * The scores of a folder of results, task by task and language by language: of an evaluation that was stopped those that
 * there are.
 *
 * @param isEnding the results are about to be written: those of an earlier end say nothing
 * @throws UserError if it holds no evaluation, no sample of it, damaged samples (with file and line), or, of one that has ended,
 *   not as many as it ended with
 */
export async function* savedScores(dir: string, shown = dir, isEnding = false): AsyncGenerator<SavedScores> {
  const { date, identity, key } = await requireRecord(dir, shown);
  const [paths, named] = [resultPaths(dir, date), resultPaths(shown, date)];
  const ended = await exists(paths.results);
  const counts = ended && !isEnding ? endedCounts(paths.results, named.results) : undefined;
  let found = 0;
  for (const [task, language] of parts(key)) {
    const name = taskName(task, language);
    const path = paths.samples(name);
    if (!(await exists(path))) {
      if (!ended) continue;
      throw new UserError({
        file: named.samples(name),
        message: 'there is no such file, though the evaluation has ended',
      });
    }
    const scores: SavedScore[] = [];
    for await (const { sample, line } of readSamples(path, named.samples(name), identity)) {
      if (sample.language !== language) {
        const message = `the line is of language ${JSON.stringify(sample.language)} in a file of ${language}`;
        throw new UserError({ file: named.samples(name), line, message });
      }
      scores.push(saved(sample));
    }
    requireCount(named.samples(name), scores.length, counts?.get(name));
    scores.sort((a, b) => a.docId - b.docId);
    found += scores.length;
    if (scores.length > 0) yield { task, language, scores, ended };
  }
  if (found === 0) throw new UserError({ file: shown, message: 'holds no samples yet' });
}

/** The scores of a task in all its languages, in the order of the key's languages and then of `docId`. */
export interface SavedTask extends Omit<SavedScores, 'language'> {
  /** As it was asked: the metric of a text is not that of letters. */
  asked: TaskKey;
}

/** A task and what was made of its scores. */
export interface Rescored<T> {
  task: string;
  figures: T;
}

/**
 * Figures of every task of a folder, by a function that takes its scores: any metric, any statistic. Languages come together,
 * as intervals are clustered on questions over them.
 *
 * @throws UserError as `savedScores`, and whatever `figures` throws
 */
export async function rescore<T>(
  dir: string,
  figures: (task: SavedTask) => T,
  shown = dir,
): Promise<Rescored<T>[]> {
  const { key } = await requireRecord(dir, shown);
  const tasks = new Map<string, SavedTask>();
  for await (const { task, scores, ended } of savedScores(dir, shown)) {
    const found = tasks.get(task) ?? { task, scores: [], ended, asked: key.tasks[task]! };
    tasks.set(task, { ...found, scores: found.scores.concat(scores) });
  }
  return [...tasks.values()].map((task) => ({ task: task.task, figures: figures(task) }));
}

async function requireRecord(dir: string, shown: string) {
  if (!(await exists(dir))) throw new UserError({ file: shown, message: 'there is no such folder' });
  const record = await readRecord(dir, shown);
  if (record !== undefined) return record;
  const message = 'is no folder of results: it has no evaluation.json, which `isogloss eval` writes';
  throw new UserError({ file: shown, message });
}

function parts(key: EvaluationKey): [task: string, language: string][] {
  return Object.entries(key.tasks).flatMap(([task, { languages }]) =>
    languages.map((language): [string, string] => [task, language]),
  );
}

function saved(sample: Sample): SavedScore {
  const { item, ...rest } = fromSample(sample);
  const { doc_id: docId, doc_hash, prompt_hash, target_hash } = sample;
  const texts = { prompt: '', continuations: [] };
  return {
    ...rest,
    ...texts,
    item: { ...item, doc: {} },
    docId,
    hashes: { doc_hash, prompt_hash, target_hash },
  };
}
