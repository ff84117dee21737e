import { describe, expect, it } from 'vitest';
import { scoredLines } from '../../src/cli/eval-progress.ts';
import { createProgress } from '../../src/cli/progress.ts';

/** What is written while ten of a hundred items are scored every second, forty having lain on the disk. */
function record(bar: boolean): string {
  let text = '';
  let time = 1000;
  const screen = { columns: 200, write: (part: string) => (text += part) };
  const progress = createProgress({ screen, bar, memory: () => 0, now: () => time });
  const lines = scoredLines(progress, () => time);
  lines.begin('step 5 (1/2)  ');
  for (let done = 50; done <= 100; done += 10) {
    time += 1000;
    const accuracy = new Map([
      ['en', done / 100],
      ['es', 0.25],
    ]);
    lines.scored({ task: 'toy', done, before: 40, total: 100, accuracy });
  }
  progress.clear();
  return text;
}

describe('the progress of an evaluation', () => {
  it('is a line every five seconds and at the end where there is no terminal', () => {
    expect(record(false)).toBe(
      [
        'step 5 (1/2)  toy 90 of 100 items  eta 1 s  en 90.0  es 25.0',
        'step 5 (1/2)  toy 100 of 100 items  in 6 s  en 100.0  es 25.0',
        '',
      ].join('\n'),
    );
  });

  it('is one line drawn over itself on a terminal, with the time that is left by what was scored since the start', () => {
    const drawn = record(true).split('\r\x1b[K');
    // Ten items took a second: fifty more take five, however many lay there before.
    expect(drawn[1]).toBe('step 5 (1/2)  toy 50 of 100 items  eta 5 s  en 50.0  es 25.0');
    expect(drawn.slice(0, -1).every((line) => !line.includes('\n'))).toBe(true);
    expect(drawn.at(-1)).toBe('step 5 (1/2)  toy 100 of 100 items  in 6 s  en 100.0  es 25.0\n');
  });
});
