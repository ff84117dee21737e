/** An evaluation that is written as it goes: what is done is on the disk, and is not done again. */
import { join } from 'node:path';
import { takeLock } from '../../runs/lock.ts';
import {
  asUserError,
  makeFolders,
  removeTemporaries,
  replaceFile,
  requireWritable,
} from '../../runs/run-files.ts';
import type { ScoredItem } from '../item.ts';
import { type EvaluationRecord, openRecord, requireSame, resultPaths, taskName } from './folder.ts';
import type { EvaluationKey } from './key.ts';
import { type FiguresOf, type Sample, toSample } from './sample.ts';
import { openSamples, type SampleLog } from './samples.ts';

/** Where an evaluation is written. */
export interface EvaluationTarget {
  dir: string;
  /** The folder as the user wrote it. */
  shown: string;
  key: EvaluationKey;
  /** Of its start; one that is gone on with keeps its own. */
  time: Date;
  figuresOf: FiguresOf;
}

/** A scored item of a task, with its index among the task's items of its language. */
export interface Finished {
  task: string;
  docId: number;
  scored: ScoredItem;
}

/** An evaluation that is open. */
export interface OpenEvaluation {
  readonly record: EvaluationRecord;
  /** Ids of the items of a task in a language that need not be scored. */
  done(task: string, language: string): ReadonlySet<string>;
  /** Writes items of whichever tasks and languages; they are on the disk when it returns. */
  append(finished: readonly Finished[]): Promise<void>;
  /** Puts samples in order and writes the results, whole; `text` is of `resultsText`. Returns the path of the results. */
  finish(text: () => Promise<string>): Promise<string>;
  /** Lets the folder go; also to be called after `finish` and after errors. */
  close(): Promise<void>;
}

/**
 * Opens a folder for an evaluation: a new one, or the same that was killed or has ended.
 *
 * @throws UserError if it holds another evaluation (with the differences) or damaged samples, is in use, or cannot be
 *   written; nothing in it is changed then
 */
export async function openEvaluation(target: EvaluationTarget): Promise<OpenEvaluation> {
  const { dir, shown, key, time, figuresOf } = target;
  await requireSame(dir, shown, key);
  await requireWritable(dir, shown);
  await makeFolders(dir).catch((error) => {
    throw asUserError(error, shown, 'the folder cannot be made');
  });
  const lock = await takeLock(join(dir, '.lock'), shown);
  try {
    const record = await openRecord(dir, shown, key, time);
    await removeTemporaries(dir);
    const paths = resultPaths(dir, record.date);
    const logs = new Map<string, SampleLog>();
    for (const [task, { languages }] of Object.entries(key.tasks)) {
      for (const name of languages.map((language) => taskName(task, language))) {
        const file = resultPaths(shown, record.date).samples(name);
        logs.set(name, await openSamples(paths.samples(name), file, record.identity));
      }
    }
    const logOf = (task: string, language: string): SampleLog => {
      const log = logs.get(taskName(task, language));
      if (log === undefined) throw new Error(`${task} in ${language} is no part of the evaluation`);
      return log;
    };
    return {
      record,
      done: (task, language) => logOf(task, language).done,
      async append(finished) {
        // All are made before any is written: one that cannot be told must not leave a part of its batch.
        const lines = new Map<SampleLog, Sample[]>();
        for (const { task, docId, scored } of finished) {
          const log = logOf(task, scored.item.language);
          const sample = toSample(docId, scored, record.identity, figuresOf);
          lines.set(log, [...(lines.get(log) ?? []), sample]);
        }
        for (const [log, samples] of lines) await log.append(samples);
      },
      async finish(text) {
        for (const log of logs.values()) await log.settle();
        await replaceFile(paths.results, await text());
        return paths.results;
      },
      async close() {
        for (const log of logs.values()) log.close();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
