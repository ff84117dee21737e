/**
 * Log-probs of the reference, the model that the run began with: computed once, kept in the run's folder, and never by a
 * second model in memory beside the one that is trained.
 *
 * The file is one line a pair, appended as they are computed, so that a run that is stopped meanwhile goes on where it was.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { InstructionExample } from '../../data/parallel/index.ts';
import { SEQUENCES } from '../../data/parallel/index.ts';
import { UserError } from '../../errors.ts';
import { readLines } from '../../lines.ts';
import { breathe, exists, Interrupted, setAside } from '../../runs/index.ts';
import type { Start } from '../method.ts';
import { logProbsOf, packPairs } from './micro-batch.ts';

const FILE = 'reference.jsonl';

/** Which rows the file is about. */
export interface ReferenceKey {
  /** Identity of the reference's weights. */
  modelSha256: string;
  /** Of ids and targets of all pairs, and so of tokenizer, template, longest row and what is done with longer ones. */
  dataSha256: string;
  evalDataSha256: string | null;
}

/** A group of pairs that are computed together, as the policy's are: then both round alike, and z is 0 at the first step. */
export interface Group {
  side: 'train' | 'eval';
  /** Indices into the pairs of that side. */
  rows: readonly number[];
}

/** Reference log-probs, [4] a pair. */
export interface Reference {
  /** @throws Error for a pair that was not computed before the first step */
  of(side: Group['side'], row: number): Float64Array;
}

/**
 * What the file has, and whatever of `groups` it lacks, computed now and appended.
 *
 * @throws Interrupted if asked to stop meanwhile; what was computed is kept.
 */
export async function referenceOf(
  start: Start,
  pairs: Readonly<Record<Group['side'], readonly InstructionExample[]>>,
  groups: readonly Group[],
  key: ReferenceKey,
): Promise<Reference> {
  const path = join(start.runDir, FILE);
  const head = JSON.stringify({ format: 1, key: digest(key) });
  const { known, bytes } = await readKnown(start, path, head, pairs);
  const missing = groups.filter(({ side, rows }) => rows.some((row) => !known.has(`${side} ${row}`)));
  if (missing.length > 0) await compute(start, path, head, bytes, pairs, missing, known);
  return {
    of(side, row) {
      const found = known.get(`${side} ${row}`);
      if (found === undefined) throw new Error(`no reference log-probs for ${side} pair ${row}`);
      return found;
    },
  };
}

type Known = Map<string, Float64Array>;

/** Pairs of a file of this key, up to its first line that is not whole. */
async function readKnown(
  { runDir, progress }: Start,
  path: string,
  head: string,
  pairs: Readonly<Record<Group['side'], readonly InstructionExample[]>>,
): Promise<{ known: Known; bytes: number }> {
  const known: Known = new Map();
  let bytes = 0;
  if (!(await exists(path))) return { known, bytes };
  for await (const { number, text } of readLines(path)) {
    if (number === 1) {
      if (text !== head) {
        const aside = await setAside(runDir, path);
        progress.message(`${path} is of another model or other rows; moved to ${aside}`, 'warning');
        return { known, bytes: 0 };
      }
    } else {
      const row = parseRow(text);
      if (row === undefined || row.i >= pairs[row.side].length) break;
      known.set(`${row.side} ${row.i}`, Float64Array.from(row.logps));
    }
    bytes += Buffer.byteLength(text) + 1;
  }
  return { known, bytes };
}

function parseRow(text: string): { side: Group['side']; i: number; logps: number[] } | undefined {
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

/** Lines of progress while they are computed. */
const REPORTS = 10;

async function compute(
  start: Start,
  path: string,
  head: string,
  keep: number,
  pairs: Readonly<Record<Group['side'], readonly InstructionExample[]>>,
  groups: readonly Group[],
  known: Known,
): Promise<void> {
  const { stop, step, runDir, progress } = start;
  const model = step === 0 ? start.model : await start.firstModel();
  const fd = openSync(path, 'a');
  try {
    ftruncateSync(fd, keep);
    if (keep === 0) writeSync(fd, `${head}\n`);
    for (const [n, { side, rows }] of groups.entries()) {
      await breathe();
      if (stop.signal !== undefined) throw new Interrupted(stop.signal, step, runDir);
      const logps = logProbsOf(model, packPairs(rows.map((row) => pairs[side][row]!))).sums_S;
      let lines = '';
      for (const [at, row] of rows.entries()) {
        const own = logps.slice(at * SEQUENCES.length, (at + 1) * SEQUENCES.length);
        if (!own.every(Number.isFinite))
          throw new UserError(`the model gives ${side} pair ${row} a log-probability that is not finite`);
        // Written before a stop that cut the group.
        if (known.has(`${side} ${row}`)) continue;
        known.set(`${side} ${row}`, own);
        lines += `${JSON.stringify({ side, i: row, logps: [...own] })}\n`;
      }
      writeSync(fd, lines);
      const done = Math.floor(((n + 1) * REPORTS) / groups.length);
      if (done > Math.floor((n * REPORTS) / groups.length))
        progress.message(
          `reference log-probs: ${done * (100 / REPORTS)} % of ${groups.length} micro-batches`,
        );
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
    if (model !== start.model) model.dispose();
  }
}

function digest({ modelSha256, dataSha256, evalDataSha256 }: ReferenceKey): string {
  return createHash('sha256').update(`${modelSha256} ${dataSha256} ${evalDataSha256}`).digest('hex');
}
