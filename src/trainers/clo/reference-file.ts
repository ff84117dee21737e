/**
 * The file of reference log-probs in a run's folder: a head that says what they are of, then a line a pair, appended as they
 * are computed. Whatever a kill or a full disk leaves of its end is cut off, and comes again to the same bytes.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SEQUENCES } from '../../data/parallel/index.ts';
import { UserError } from '../../errors.ts';
import { readLines } from '../../lines.ts';
import { exists, setAside } from '../../runs/index.ts';
import type { Start } from '../method.ts';

const FILE = 'reference.jsonl';

/** Which rows the file is about, and how they were computed. */
export interface ReferenceKey {
  /** Identity of the reference's weights. */
  modelSha256: string;
  /** Of ids and targets of all pairs, and so of tokenizer, template, longest row and what is done with longer ones. */
  dataSha256: string;
  evalDataSha256: string | null;
  /** What decides the last bits: backend, number types, threads, size of the micro-batches. */
  rounding: unknown;
}

/** A pair of training or held-out rows. */
export interface ReferenceRow {
  side: 'train' | 'eval';
  /** Index into the pairs of that side. */
  i: number;
  /** log p of its sequences, [4]. */
  logps: number[];
}

/** What the file holds already. */
export interface ReferenceFile {
  path: string;
  head: string;
  rows: ReferenceRow[];
  /** Of head and `rows`; what lies behind is to be cut off. */
  bytes: number;
}

/**
 * Reads the file up to its first line that is not whole. One of another model or other rows is moved to `set-aside/`. One that
 * rounds otherwise is begun again as long as no step is done: policy and reference would differ at the first.
 *
 * @param numPairs of each side.
 */
export async function readReference(
  { runDir, step, progress }: Pick<Start, 'runDir' | 'step' | 'progress'>,
  { rounding, ...of }: ReferenceKey,
  numPairs: Readonly<Record<ReferenceRow['side'], number>>,
): Promise<ReferenceFile> {
  const path = join(runDir, FILE);
  const head = JSON.stringify({ format: 1, key: digest(of), rounding: digest(rounding) });
  const file: ReferenceFile = { path, head, rows: [], bytes: 0 };
  if (!(await exists(path))) return file;
  const { size } = await stat(path);
  try {
    for await (const { number, text } of readLines(path)) {
      // With the end of the line: one that is cut just before it is not whole.
      const end = file.bytes + Buffer.byteLength(text) + 1;
      if (end > size && (number > 1 || head.startsWith(text))) break;
      if (number === 1) {
        const found = parseHead(text);
        if (found?.key !== digest(of)) {
          const aside = await setAside(runDir, path);
          progress.message(`${path} is of another model or other rows; moved to ${aside}`, 'warning');
          break;
        }
        if (found.rounding !== digest(rounding) && step === 0) {
          progress.message(`${path} was computed with another backend or micro-batch size: begun again`);
          break;
        }
      } else {
        const row = parseRow(text);
        if (row === undefined || row.i >= numPairs[row.side]) break;
        file.rows.push(row);
      }
      file.bytes = end;
    }
  } catch (error) {
    // A line that is no text: damaged, as one that is cut.
    if (!(error instanceof UserError)) throw error;
  }
  return file;
}

/** Cuts off what lies behind the whole lines, and lets rows be appended. The caller closes it. */
export function openReference({ path, head, bytes }: ReferenceFile): {
  append(rows: readonly ReferenceRow[]): void;
  /** Flushes the file to the disk. */
  sync(): void;
  close(): void;
} {
  const fd = openSync(path, 'a');
  // writeSync may write less than it is given, without an error.
  const write = (lines: string) => writeFileSync(fd, lines);
  try {
    ftruncateSync(fd, bytes);
    if (bytes === 0) write(`${head}\n`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return {
    append: (rows) => write(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
    sync: () => fsyncSync(fd),
    close: () => closeSync(fd),
  };
}

function parseHead(text: string): { key: unknown; rounding: unknown } | undefined {
  try {
    const { format, key, rounding } = JSON.parse(text) as Record<string, unknown>;
    return format === 1 ? { key, rounding } : undefined;
  } catch {
    return undefined;
  }
}

function parseRow(text: string): ReferenceRow | undefined {
  try {
    const { side, i, logps } = JSON.parse(text) as Record<string, unknown>;
    const isWhole =
      (side === 'train' || side === 'eval') &&
      Number.isSafeInteger(i) &&
      (i as number) >= 0 &&
      Array.isArray(logps) &&
      logps.length === SEQUENCES.length &&
      logps.every(Number.isFinite);
    return isWhole ? { side, i: i as number, logps: logps as number[] } : undefined;
  } catch {
    return undefined;
  }
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
