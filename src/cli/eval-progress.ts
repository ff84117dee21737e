/** How far an evaluation is: a line that is drawn over and over on a terminal, a line now and then elsewhere. */
import type { Scored } from '../eval/evaluate.ts';
import { count, duration } from './format.ts';
import type { Progress } from './progress.ts';

/** Milliseconds between lines where there is no terminal. */
const EVERY_MS = 5000;

/** Hears of scored items; `now` in milliseconds. */
export function scoredLines(
  progress: Pick<Progress, 'message' | 'status' | 'clear'>,
  now: () => number = () => performance.now(),
): { begin(label?: string): void; scored(at: Scored): void } {
  let label = '';
  let started = now();
  let said = started;
  return {
    begin(text = '') {
      label = text;
      started = now();
      said = started;
    },
    scored(at) {
      const line = `${label}${describe(at, (now() - started) / 1000)}`;
      const isLast = at.done === at.total;
      if (isLast) progress.clear();
      else if (progress.status(line) || now() - said < EVERY_MS) return;
      said = now();
      progress.message(line);
    },
  };
}

/** Time is told by what was scored since the start: what lay on the disk took none. */
function describe({ task, done, before, total, accuracy }: Scored, seconds: number): string {
  const left = (seconds / Math.max(1, done - before)) * (total - done);
  const shown = [...accuracy].map(([language, share]) => `${language} ${(100 * share).toFixed(1)}`);
  const time = done === total ? `in ${duration(seconds)}` : `eta ${duration(left)}`;
  return `${task} ${count(done)} of ${count(total)} items  ${time}  ${shown.join('  ')}`;
}
