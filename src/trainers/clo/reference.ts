/**
 * Log-probs of the reference, the model that the run began with: computed once, kept in the run's folder, and never by a
 * second model in memory beside the one that is trained.
 */
import type { InstructionExample } from '../../data/parallel/index.ts';
import { SEQUENCES } from '../../data/parallel/index.ts';
import { UserError } from '../../errors.ts';
import { breathe, Interrupted } from '../../runs/index.ts';
import type { Start } from '../method.ts';
import { logProbsOf, packPairs } from './micro-batch.ts';
import {
  openReference,
  type ReferenceFile,
  type ReferenceKey,
  type ReferenceRow,
  readReference,
} from './reference-file.ts';

/** A group of pairs that are computed together, as the policy's are: then both round alike, and z is 0 at the first step. */
export interface Group {
  side: ReferenceRow['side'];
  /** Indices into the pairs of that side. */
  rows: readonly number[];
}

/** Reference log-probs, [4] a pair. */
export interface Reference {
  /** @throws Error for a pair that was not computed before the first step */
  of(side: Group['side'], row: number): Float64Array;
}

type Pairs = Readonly<Record<Group['side'], readonly InstructionExample[]>>;
type Known = Map<string, Float64Array>;

/**
 * What the file has, and whatever of `groups` it lacks, computed now and appended.
 *
 * @throws Interrupted if asked to stop meanwhile; what was computed is kept.
 */
export async function referenceOf(
  start: Start,
  pairs: Pairs,
  groups: readonly Group[],
  key: ReferenceKey,
): Promise<Reference> {
  const numPairs = { train: pairs.train.length, eval: pairs.eval.length };
  const file = await readReference(start, key, numPairs);
  const known: Known = new Map(
    file.rows.map(({ side, i, logps }) => [keyOf(side, i), Float64Array.from(logps)]),
  );
  const missing = groups.filter(({ side, rows }) => rows.some((row) => !known.has(keyOf(side, row))));
  if (missing.length > 0) await compute(start, file, pairs, missing, known);
  return {
    of(side, row) {
      const found = known.get(keyOf(side, row));
      if (found === undefined) throw new Error(`no reference log-probs for ${side} pair ${row}`);
      return found;
    },
  };
}

const keyOf = (side: Group['side'], row: number) => `${side} ${row}`;

/** Lines of progress while they are computed. */
const REPORTS = 10;

async function compute(
  start: Start,
  file: ReferenceFile,
  pairs: Pairs,
  groups: readonly Group[],
  known: Known,
): Promise<void> {
  const { stop, step, runDir, progress } = start;
  const model = step === 0 ? start.model : await start.firstModel();
  let out: ReturnType<typeof openReference> | undefined;
  try {
    out = openReference(file);
    for (const [n, { side, rows }] of groups.entries()) {
      await breathe();
      if (stop.signal !== undefined) throw new Interrupted(stop.signal, step, runDir);
      const logps = logProbsOf(model, packPairs(rows.map((row) => pairs[side][row]!))).sums_S;
      const added: ReferenceRow[] = [];
      for (const [at, row] of rows.entries()) {
        // Of a group that was cut in the middle the file has the first rows.
        if (known.has(keyOf(side, row))) continue;
        const own = logps.slice(at * SEQUENCES.length, (at + 1) * SEQUENCES.length);
        if (!own.every(Number.isFinite)) {
          const { id, lang } = pairs[side][row]!;
          throw new UserError(
            `the model that the run began with gives pair ${id} with ${lang} a log-probability that is not finite`,
          );
        }
        known.set(keyOf(side, row), own);
        added.push({ side, i: row, logps: [...own] });
      }
      out.append(added);
      const done = Math.floor(((n + 1) * REPORTS) / groups.length);
      if (done > Math.floor((n * REPORTS) / groups.length))
        progress.message(
          `reference log-probs: ${done * (100 / REPORTS)} % of ${groups.length} micro-batches`,
        );
    }
    out.sync();
  } finally {
    out?.close();
    if (model !== start.model) model.dispose();
  }
}
