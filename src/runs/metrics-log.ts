/** `metrics.jsonl`: one JSON object a line, for each optimizer step and each evaluation, each step once. */
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { readLines } from '../lines.ts';
import { exists } from './run-files.ts';

/** The last step that a metrics file has a line for; 0 where there is none. */
export async function lastMetricsStep(path: string): Promise<number> {
  let last = 0;
  if (!(await exists(path))) return last;
  for await (const line of readLines(path)) {
    const step = Number(parse(line.text)?.global_step);
    if (step > last) last = step;
  }
  return last;
}

/** An open metrics file. */
export interface MetricsLog {
  /** Evaluations on record, by step. */
  readonly evaluated: ReadonlyMap<number, Record<string, number>>;
  append(record: Record<string, number>): void;
  /** Flushes what has been appended to the disk. */
  sync(): void;
  close(): void;
}

/**
 * Opens the file for appending after cutting off everything later than `step`, and a last line that a crash left
 * unfinished: a resumed run does those steps again. `warn` hears if what is left does not reach up to `step`.
 */
export async function openMetrics(
  path: string,
  step: number,
  warn: (text: string) => void = () => {},
): Promise<MetricsLog> {
  const evaluated = new Map<number, Record<string, number>>();
  let keptBytes = 0;
  let last = 0;
  if (await exists(path)) {
    const { size } = await stat(path);
    for await (const line of readLines(path)) {
      const record = parse(line.text);
      if (record === undefined || !(Number(record.global_step) <= step)) break;
      const end = keptBytes + Buffer.byteLength(line.text) + 1;
      // The newline is the last byte of a record to be written.
      if (end > size) break;
      keptBytes = end;
      if (isEvaluation(record)) evaluated.set(Number(record.global_step), record as Record<string, number>);
      else last = Number(record.global_step);
    }
  }
  if (last < step)
    warn(`${path} ends, or is damaged, after step ${last}: steps up to ${step} are missing in it`);
  const fd = openSync(path, 'a');
  ftruncateSync(fd, keptBytes);
  return {
    evaluated,
    append(record) {
      writeSync(fd, `${JSON.stringify(record)}\n`);
      if (isEvaluation(record)) evaluated.set(record.global_step!, record);
    },
    sync: () => fsyncSync(fd),
    close: () => closeSync(fd),
  };
}

/** Steps and evaluations are lines of one file. */
function isEvaluation(record: Record<string, unknown>): boolean {
  return typeof record.eval_seconds === 'number';
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
