/** Runs that are killed without warning, again and again, and must end as if nothing had been. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Child, start } from './child.ts';
import { digest, metricsOf } from './tiny-run.ts';

/** Says after which line of the driver, and how many milliseconds after it, a process is killed; asked for each line. */
export type KillPoint = (line: string, of: { kills: number; lines: number }) => number | undefined;

/**
 * Trains twice in folders of `folder`, undisturbed and killed `kills` times by SIGKILL, each time resumed.
 * @returns the folders of the two runs, and the last line of each process that was killed
 */
export async function trainKilled(
  folder: string,
  overrides: readonly string[],
  kills: number,
  point: KillPoint,
): Promise<{ whole: string; killed: string; last: string[] }> {
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  for (const path of [whole, killed]) await mkdir(path, { recursive: true });
  expect(await start(['train', whole, ...overrides]).ended).toEqual({ code: 0, signal: null });
  let done = 0;
  const last: string[] = [];
  for (let child: Child | undefined; child === undefined || (await child.ended).signal === 'SIGKILL'; ) {
    let lines = 0;
    let isAimed = false;
    const kill = (line: string, { pid }: Child['process']): void => {
      const delay = isAimed || done >= kills ? undefined : point(line, { kills: done, lines: lines++ });
      if (delay === undefined) return;
      isAimed = true;
      done++;
      setTimeout(() => process.kill(pid!, 'SIGKILL'), delay);
    };
    child = start(child === undefined ? ['train', killed, ...overrides] : ['resume', killed], kill);
    const { code, signal } = await child.ended;
    if (signal === 'SIGKILL') last.push(child.lines.at(-1)!);
    expect(code === 0 || signal === 'SIGKILL', child.lines.join('\n')).toBe(true);
  }
  expect(done).toBe(kills);
  return { whole: join(whole, 'run'), killed: join(killed, 'run'), last };
}

/** The same weights and optimizer bit by bit, the same metrics, and the same files: nothing half written, and no lock. */
export async function expectSameRuns(killed: string, whole: string, steps: number): Promise<void> {
  expect(await digest(killed, steps)).toBe(await digest(whole, steps));
  expect(await metricsOf(killed)).toEqual(await metricsOf(whole));
  expect((await readdir(killed)).sort()).toEqual((await readdir(whole)).sort());
  expect(await readdir(join(killed, 'checkpoints'))).toEqual(await readdir(join(whole, 'checkpoints')));
}
