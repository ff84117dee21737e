/** How many samples an evaluation ended with: files that were cut since then must not pass for whole. */
import { isRecord } from '../../data/report.ts';
import { UserError } from '../../errors.ts';
import { readTextFile } from '../../text.ts';

/** Figures and settings of a few hundred sets of results: a file of more is none of ours. */
const MAX_BYTES = 64 << 20;

/**
 * Samples by the name of the task in its language (`taskName`), from a results file.
 *
 * @param shown the path as the user wrote it
 * @throws UserError if it cannot be read or is damaged
 */
export function endedCounts(path: string, shown: string): ReadonlyMap<string, number> {
  const text = readTextFile(path, shown, MAX_BYTES);
  const damaged = (why: string) =>
    new UserError({ file: shown, message: `is damaged: ${why}; evaluate again, which writes it anew` });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged((error as Error).message);
  }
  const counts = isRecord(value) ? value['n-samples'] : undefined;
  if (!isRecord(counts)) throw damaged('it has no n-samples');
  return new Map(
    Object.entries(counts).map(([name, count]): [string, number] => {
      if (!isRecord(count) || typeof count.effective !== 'number') throw damaged(`n-samples of ${name}`);
      return [name, count.effective];
    }),
  );
}

/** @throws UserError if a samples file has another number of samples than the evaluation ended with */
export function requireCount(file: string, found: number, ended: number | undefined): void {
  if (ended === undefined || found === ended) return;
  const message = `has ${found} samples, and the evaluation ended with ${ended}`;
  throw new UserError({
    file,
    message: found < ended ? `${message}; evaluate again, which scores what is missing` : message,
  });
}
