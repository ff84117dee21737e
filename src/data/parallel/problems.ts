/** Collects what is wrong with files of many rows, and stops at enough of it. */
import { type Problem, UserError } from '../../errors.ts';

/** Mistakes reported before reading stops: enough to see a pattern, not a screenful. */
const MAX_PROBLEMS = 20;

/** The problems of one reading. */
export class Problems {
  readonly list: Problem[] = [];

  /**
   * One problem; the same one twice counts once.
   * @throws UserError with all there are once they are many
   */
  add(problem: Problem): undefined {
    const { file, line, message } = problem;
    if (this.list.some((other) => other.file === file && other.line === line && other.message === message))
      return;
    this.list.push(problem);
    if (this.list.length >= MAX_PROBLEMS) {
      throw new UserError([
        ...this.list,
        { file, message: `stopped reading after ${MAX_PROBLEMS} problems` },
      ]);
    }
  }

  /** @throws UserError if there is any */
  check(): void {
    if (this.list.length > 0) throw new UserError(this.list);
  }
}

/** Things in a sentence, the first of them by name: `es, ko and 7 more`. */
export function named(list: readonly string[], most = 10): string {
  const more = list.length > most ? ` and ${list.length - most} more` : '';
  return `${list.slice(0, most).join(', ')}${more}`;
}
