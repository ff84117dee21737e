import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../temporary.ts';
import { buildDriver, type Child, start } from './child.ts';
import { digest, metricsOf } from './tiny-run.ts';

const folder = temporaryFolder();
/** Saves after every step, so that many kills hit a save; the held-out loss, so that some hit an evaluation. */
const SHAPE = ['checkpoint.every=1', 'data.eval_fraction=0.2', 'eval_every=4'];
/** Kills to survive; the full measure is 20. */
const KILLS = Number(process.env.ISOGLOSS_KILLS ?? 4);
/** Steps of the run that is killed: a few more than kills, each of which lets at least a step be done. */
const STEPS = KILLS + 4;

async function cwd(name: string): Promise<string> {
  const path = join(folder.path, name);
  await mkdir(path);
  return path;
}

beforeAll(async () => {
  await buildDriver();
});

describe('a run that is killed', () => {
  it(
    `and resumed ${KILLS} times ends with the bits of one that was not`,
    async () => {
      const whole = await cwd('whole');
      const killed = await cwd('killed');
      const shape = [`train.max_steps=${STEPS}`, ...SHAPE];
      expect(await start(['train', whole, ...shape]).ended).toEqual({ code: 0, signal: null });

      const random = seedrandom('kills');
      let kills = 0;
      for (let child: Child | undefined; child === undefined || (await child.ended).signal === 'SIGKILL'; ) {
        // Somewhere within the step, evaluation or save that follows the first or second step of this process.
        const [after, delay] = [1 + Math.floor(2 * random()), 60 * random()];
        let steps = 0;
        const kill = (line: string, { pid }: Child['process']): void => {
          if (line.startsWith('step') && ++steps === after && kills < KILLS) {
            kills++;
            setTimeout(() => process.kill(pid!, 'SIGKILL'), delay);
          }
        };
        child = start(child === undefined ? ['train', killed, ...shape] : ['resume', killed], kill);
        const { code, signal } = await child.ended;
        expect(code === 0 || signal === 'SIGKILL', child.lines.join('\n')).toBe(true);
      }
      expect(kills).toBe(KILLS);
      expect(await digest(join(killed, 'run'), STEPS)).toBe(await digest(join(whole, 'run'), STEPS));
      expect(await metricsOf(join(killed, 'run'))).toEqual(await metricsOf(join(whole, 'run')));
      // Nothing half written is left, and no lock.
      expect((await readdir(join(killed, 'run'))).sort()).toEqual((await readdir(join(whole, 'run'))).sort());
      expect(await readdir(join(killed, 'run/checkpoints'))).toEqual(
        await readdir(join(whole, 'run/checkpoints')),
      );
    },
    60_000 + 15_000 * KILLS,
  );
});

describe('a run that is told to stop', () => {
  it.each([
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s saves its last full step and exits with %i', async (signal, code) => {
    const path = await cwd(signal);
    const shape = ['train.max_steps=1000', 'checkpoint.every=null'];
    const child = start(['train', path, ...shape], (line, running) => {
      if (line !== 'step 2') return;
      running.kill(signal);
      // npm and shells hand a signal on to the group, so that it comes twice.
      setTimeout(() => running.kill(signal), 5);
    });
    expect(await child.ended).toEqual({ code, signal: null });
    const steps = (await metricsOf(join(path, 'run'))).at(-1)!.global_step!;
    expect(child.lines.at(-1)).toBe(`stopped by ${signal} after step ${steps}`);
    expect(await readdir(join(path, 'run/checkpoints'))).toEqual([`step-${String(steps).padStart(6, '0')}`]);
    expect(await readdir(join(path, 'run'))).not.toContain('.lock');

    const resumed = start(['resume', path, `train.max_steps=${steps + 1}`]);
    expect(await resumed.ended).toEqual({ code: 0, signal: null });
    expect(resumed.lines).toEqual([`start ${steps}`, `step ${steps + 1}`, 'done']);
  });
});
