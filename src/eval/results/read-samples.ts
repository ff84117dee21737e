/** Samples of a file, one at a time. */
import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../../errors.ts';
import { MAX_LINE_BYTES, readLines } from '../../lines.ts';
import { asUserError } from '../../runs/run-files.ts';
import { parseSample, type Sample } from './sample.ts';

/** A sample, and where its line lies: `bytes` with the newline, from byte `start` on. */
export interface PlacedSample {
  sample: Sample;
  line: number;
  start: number;
  bytes: number;
}

/**
 * The samples of a file that is there. What stands behind its last newline is left out: a kill cut it.
 *
 * @param shown the path as the user wrote it
 * @param evaluation identity of the evaluation that they must be of
 * @throws UserError with file and line for a line that is damaged, of another evaluation, or of an item that has one
 */
export async function* readSamples(
  path: string,
  shown: string,
  evaluation: string,
): AsyncGenerator<PlacedSample> {
  const whole = await wholeBytes(path, shown);
  if (whole === 0) return;
  const seen = { items: new Map<string, number>(), docs: new Map<number, number>() };
  let start = 0;
  for await (const { number: line, text } of readLines(path, shown, MAX_LINE_BYTES, whole)) {
    const bytes = Buffer.byteLength(text) + 1;
    const sample = parseSample(text);
    const wrong = typeof sample === 'string' ? sample : whyNot(sample, evaluation, seen);
    if (wrong !== undefined) {
      const message = `the line ${wrong}; take it out to have its item scored again`;
      throw new UserError({ file: shown, line, message });
    }
    const placed = { sample: sample as Sample, line, start, bytes };
    seen.items.set(placed.sample.item_id, line);
    seen.docs.set(placed.sample.doc_id, line);
    yield placed;
    start += bytes;
  }
}

function whyNot(
  sample: Sample,
  evaluation: string,
  { items, docs }: { items: ReadonlyMap<string, number>; docs: ReadonlyMap<number, number> },
): string | undefined {
  if (sample.evaluation !== evaluation) return 'is of another evaluation';
  const item = items.get(sample.item_id);
  if (item !== undefined) return `is of item ${JSON.stringify(sample.item_id)}, as is line ${item}`;
  const doc = docs.get(sample.doc_id);
  return doc === undefined ? undefined : `has the doc_id ${sample.doc_id} of line ${doc}`;
}

/** Bytes read at once from the end. */
const CHUNK = 1 << 16;

/**
 * Bytes up to and with the last newline of a file, which is the last byte of a line to be written; 0 without one.
 *
 * @throws UserError if it cannot be read
 */
export async function wholeBytes(path: string, shown: string): Promise<number> {
  try {
    const file = await open(path, 'r');
    try {
      return await lastNewline(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asUserError(error, shown, 'cannot be read');
  }
}

async function lastNewline(file: FileHandle): Promise<number> {
  const chunk = Buffer.alloc(CHUNK);
  for (let end = (await file.stat()).size; end > 0; ) {
    const start = Math.max(0, end - CHUNK);
    const { bytesRead } = await file.read(chunk, 0, end - start, start);
    const at = chunk.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}
