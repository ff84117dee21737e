import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import seedrandom from 'seedrandom';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../temporary.ts';
import { buildDriver, start } from './child.ts';
import { expectSameRuns, type KillPoint, trainKilled } from './kills.ts';
import { CLO, MIDALIGN, metricsOf } from './tiny-run.ts';

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
  /** Somewhere within the step, evaluation or save that follows the first or second step of a process. */
  const afterSteps = (random: () => number): KillPoint => {
    let [after, seen] = [0, 0];
    return (line, { lines }) => {
      if (lines === 0) [after, seen] = [1 + Math.floor(2 * random()), 0];
      return line.startsWith('step') && ++seen === after ? 60 * random() : undefined;
    };
  };

  it(
    `and resumed ${KILLS} times ends with the bits of one that was not`,
    async () => {
      const shape = [`train.max_steps=${STEPS}`, ...SHAPE];
      const point = afterSteps(seedrandom('kills'));
      const { whole, killed } = await trainKilled(join(folder.path, 'mist'), shape, KILLS, point);
      await expectSameRuns(killed, whole, STEPS);
    },
    60_000 + 15_000 * KILLS,
  );

  it(
    `does so with MIDALIGN, between and within its phases, and while it measures what it aligns to: ${KILLS} times`,
    async () => {
      // Two passes a batch, so that some kills come between them; enough sentences to be killed while they are measured.
      const align = ['align.layer=2', 'align.micro_batch_size=4', 'align.train.max_samples=null'];
      const pooling = 'align.pooling.sentences=279';
      const shape = [...MIDALIGN, `train.max_steps=${STEPS}`, ...SHAPE, ...align, pooling];
      const random = seedrandom('midalign');
      const point = afterSteps(random);
      const { whole, killed, last } = await trainKilled(
        join(folder.path, 'midalign'),
        shape,
        KILLS,
        (line, of) => {
          const delay = point(line, of);
          // A quarter of all, the first ones: those after them find it done.
          if (!line.startsWith('measuring') || of.kills >= Math.ceil(KILLS / 4)) return delay;
          return 60 * random();
        },
      );
      expect(last.some((line) => line.startsWith('measuring'))).toBe(true);
      await expectSameRuns(killed, whole, STEPS);
      const statistics = (run: string) => readFile(join(run, 'pooling.safetensors'));
      expect(await statistics(killed)).toEqual(await statistics(whole));
    },
    60_000 + 15_000 * KILLS,
  );
});

describe('a run of CLO that is killed', () => {
  it(
    `and resumed ${KILLS} times, also while the reference is computed, ends with the bits of one that was not`,
    async () => {
      const shape = [
        ...CLO,
        `train.max_steps=${STEPS}`,
        ...SHAPE,
        'train.batch_size=2',
        'train.micro_batch_size=1',
      ];
      const random = seedrandom('clo');
      let seen = 0;
      const { whole, killed, last } = await trainKilled(
        join(folder.path, 'clo'),
        shape,
        KILLS,
        (line, { kills, lines }) => {
          if (lines === 0) seen = 0;
          // Half of all while it is computed.
          if (line.startsWith('reference')) return kills < KILLS / 2 ? 30 * random() : undefined;
          return line.startsWith('step') && ++seen === 1 ? 60 * random() : undefined;
        },
      );
      expect(last.some((line) => line.startsWith('reference'))).toBe(true);
      await expectSameRuns(killed, whole, STEPS);
      const reference = (run: string) => readFile(join(run, 'reference.jsonl'), 'utf8');
      expect(await reference(killed)).toBe(await reference(whole));
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
