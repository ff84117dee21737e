/** `samples_<task>_<date>.jsonl` while it is written: what has been appended outlives a kill or a power cut. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asUserError, exists, syncDirectory, TEMPORARY } from '../../runs/run-files.ts';
import { type PlacedSample, readSamples, wholeBytes } from './read-samples.ts';
import type { Sample } from './sample.ts';

/** A samples file that is added to. */
export interface SampleLog {
  /** Ids of the items that it has. */
  readonly done: ReadonlySet<string>;
  /** Adds lines and flushes them to the disk; a batch at once, as a flush takes milliseconds. */
  append(samples: readonly Sample[]): Promise<void>;
  /**
   * Puts the lines in the order of `doc_id`, which is lm-eval's: batches by length finish in another, and one that was
   * killed in yet another. The path holds the old lines or the new ones, whole. Nothing can be appended after.
   */
  settle(): Promise<void>;
  close(): void;
}

/**
 * Opens a samples file to add to it, without what a kill left of a last line. A file that is not there is made with the
 * first lines.
 *
 * @param shown the path as the user wrote it
 * @param evaluation identity of the evaluation that its lines must be of
 * @throws UserError with file and line if it is damaged or of another evaluation; it is not touched then
 */
export async function openSamples(path: string, shown: string, evaluation: string): Promise<SampleLog> {
  const done = new Set<string>();
  let size = 0;
  const isThere = await exists(path);
  if (isThere) {
    for await (const { sample } of readSamples(path, shown, evaluation)) done.add(sample.item_id);
    size = await wholeBytes(path, shown);
  }
  let fd: number | undefined;
  const opened = async (): Promise<number> => {
    if (fd !== undefined) return fd;
    fd = openSync(path, 'a');
    ftruncateSync(fd, size);
    if (!isThere) await syncDirectory(dirname(path));
    return fd;
  };
  const close = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  return {
    done,
    async append(samples) {
      const lines = Buffer.from(samples.map((sample) => `${JSON.stringify(sample)}\n`).join(''));
      try {
        const file = await opened();
        // A full disk takes a part of a write before it refuses the rest.
        for (let written = 0; written < lines.length; ) written += writeSync(file, lines, written);
        fsyncSync(file);
        size += lines.length;
      } catch (error) {
        // Or a later batch would stand behind a half line, and make it one that is damaged.
        if (fd !== undefined) ftruncateSync(fd, size);
        throw asUserError(error, shown, 'samples cannot be added');
      }
      for (const sample of samples) done.add(sample.item_id);
    },
    async settle() {
      if (isThere || fd !== undefined) await opened();
      close();
      if (await exists(path)) await sortLines(path, shown, evaluation);
    },
    close,
  };
}

async function sortLines(path: string, shown: string, evaluation: string): Promise<void> {
  const lines: Omit<PlacedSample & { id: number }, 'sample' | 'line'>[] = [];
  for await (const { sample, start, bytes } of readSamples(path, shown, evaluation))
    lines.push({ id: sample.doc_id, start, bytes });
  if (lines.every(({ id }, i) => i === 0 || lines[i - 1]!.id < id)) return;
  lines.sort((a, b) => a.id - b.id);
  const aside = join(dirname(path), `${TEMPORARY}${randomBytes(6).toString('hex')}`);
  try {
    const [from, to] = [await open(path, 'r'), await open(aside, 'w')];
    try {
      for (const { start, bytes } of lines) {
        const line = Buffer.alloc(bytes);
        await from.read(line, 0, bytes, start);
        await to.writeFile(line);
      }
      await to.sync();
    } finally {
      await from.close();
      await to.close();
    }
    await rename(aside, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(aside, { force: true });
    throw asUserError(error, shown, 'samples cannot be put in order');
  }
}
