/** Evaluations that are killed without warning, again and again, and must end as if nothing had been. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { describe, expect, it } from 'vitest';
import { type Ended, startCli } from '../cli/run-cli.ts';
import { temporaryFolder } from '../temporary.ts';

const folder = temporaryFolder();
/** Kills to survive; the full measure is 30. */
const KILLS = Number(process.env.ISOGLOSS_KILLS ?? 10);
/** Each kill in the middle of scoring lets a few passes be done. */
const LIMIT = 20 + 2 * KILLS;
const LANGUAGES = ['en', 'es', 'zh'];
const evaluation = (out: string): string[] => [
  ...['eval', 'tiny', '--tasks', 'toy', '--shots', '1', '--out', out],
  // Passes of a question or two, so that there are many, and each is written by itself.
  ...['--languages', LANGUAGES.join(','), '--limit', String(LIMIT), '--token-budget', '120'],
];

/** Bytes of all samples so far; 0 before there is a folder. */
function sampleBytes(out: string): number {
  const dir = join(folder.path, out);
  if (!existsSync(dir)) return 0;
  const files = readdirSync(dir).filter((name) => name.startsWith('samples_'));
  return files.reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
}

/** Files of an evaluation by their names without the date, what a clock measured taken out of its results. */
function contents(out: string): Record<string, unknown> {
  const dir = join(folder.path, out);
  const { date } = JSON.parse(readFileSync(join(dir, 'evaluation.json'), 'utf8')) as { date: string };
  return Object.fromEntries(
    readdirSync(dir).map((name) => {
      const text = readFileSync(join(dir, name), 'utf8');
      if (name.endsWith('.jsonl')) return [name.replace(date, ''), text];
      const { date: _date, total_evaluation_time_seconds: _seconds, ...rest } = JSON.parse(text);
      return [name.replace(date, ''), rest];
    }),
  );
}

/**
 * Evaluates, and kills the process `delay` milliseconds after its start, or after samples have grown for the first time since;
 * so soon as samples have `complete` bytes for the first time, `atEnd` milliseconds after that.
 */
async function evaluateKilled(
  out: string,
  { delay, isFromSamples }: { delay: number; isFromSamples: boolean },
  ending: { complete: number; isSeen: boolean; atEnd: number },
): Promise<Ended> {
  const before = sampleBytes(out);
  const { process: child, ended } = startCli(folder.path, evaluation(out));
  let isAimed = false;
  const aim = (after: number) => {
    if (isAimed) return;
    isAimed = true;
    setTimeout(() => child.kill('SIGKILL'), after);
  };
  if (!isFromSamples) aim(delay);
  const watch = setInterval(() => {
    const size = sampleBytes(out);
    if (size === ending.complete && !ending.isSeen) {
      ending.isSeen = true;
      aim(ending.atEnd);
    } else if (size > before || size === ending.complete) aim(delay);
  }, 2);
  try {
    return await ended;
  } finally {
    clearInterval(watch);
  }
}

describe('an evaluation that is killed', () => {
  it(
    `and run again ${KILLS} times ends with the bytes of one that was not`,
    async () => {
      expect((await startCli(folder.path, evaluation('whole')).ended).status).toBe(0);
      const whole = contents('whole');
      // One that has ended can be run again, and only reads what there is: its time is that of all but the scoring.
      const started = performance.now();
      expect((await startCli(folder.path, evaluation('whole')).ended).status).toBe(0);
      const unscored = performance.now() - started;
      expect(contents('whole')).toEqual(whole);

      const random = seedrandom('evaluations');
      const ending = { complete: sampleBytes('whole'), isSeen: false, atEnd: 40 * random() };
      let [kills, partial] = [0, 0];
      while (kills < KILLS) {
        // A third anywhere: while it starts, and, once all is scored, while it sorts samples and writes results.
        const point =
          random() < 1 / 3 || ending.isSeen
            ? { delay: unscored * random(), isFromSamples: false }
            : { delay: 80 * random(), isFromSamples: true };
        const { signal, status, stderr } = await evaluateKilled('killed', point, ending);
        expect(signal === 'SIGKILL' || status === 0, stderr).toBe(true);
        if (signal === 'SIGKILL') kills++;
        const bytes = sampleBytes('killed');
        if (bytes > 0 && bytes < ending.complete) partial++;
      }
      expect(partial).toBeGreaterThan(KILLS / 3);
      const last = await startCli(folder.path, evaluation('killed')).ended;
      expect(last.status, last.stderr).toBe(0);
      expect(contents('killed')).toEqual(whole);
    },
    60_000 + 15_000 * KILLS,
  );
});
