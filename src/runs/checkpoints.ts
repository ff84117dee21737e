/**
 * The checkpoints of a run: `checkpoints/step-000500/`, each a Hugging Face model directory with a folder `trainer/`.
 *
 * A checkpoint is written under a temporary name, flushed, and renamed: a directory called `step-..` is complete. A
 * save that fails, or is killed, at any point leaves the ones before untouched.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, listFolder, runPaths, setAside, syncDirectory, syncTree, TEMPORARY } from './run-files.ts';

/** A complete checkpoint. */
export interface Checkpoint {
  step: number;
  dir: string;
}

/** What `trainer/state.json` holds: all of a run's state that is not a tensor. Snake case, as it is on disk. */
export interface TrainerState {
  format: 1;
  /** The run's `id` in its run.json; checkpoints of older versions have none. */
  run_id?: string;
  method: string;
  /** Optimizer steps done. The order of rows, the schedule and a method's phase are functions of it. */
  global_step: number;
  epoch: number;
  num_tokens: number;
  /** The latest `loss`. */
  loss: number;
  /** Updates of the parameters that have had fewer than there were steps. */
  updates?: Record<string, number>;
  /** Shapes of the method's own parameters, by name. */
  own?: Record<string, number[]>;
  seed: number;
  total_steps: number;
  /** SHA-256 of the encoded training and held-out rows. */
  data_sha256: string;
  eval_data_sha256: string | null;
  /** Identifies the weights that training started from. */
  model_sha256: string;
  /** The recipe in force, to say which keys a resume changes. */
  recipe: unknown;
  versions: Record<string, string>;
}

const NAME = /^step-(\d{6,15})$/;

/** `step-000500` */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}

/** What is called a checkpoint in a run's folder, oldest first; whether it is one, and this run's, is not looked at. */
export async function listCheckpoints(runDir: string): Promise<Checkpoint[]> {
  const { checkpoints } = runPaths(runDir);
  const found: Checkpoint[] = [];
  for (const name of await listFolder(checkpoints)) {
    const step = NAME.exec(name)?.[1];
    if (step !== undefined) found.push({ step: Number(step), dir: join(checkpoints, name) });
  }
  return found.sort((a, b) => a.step - b.step);
}

/** Paths inside a checkpoint. */
export const trainerPaths = (dir: string) => ({
  folder: join(dir, 'trainer'),
  state: join(dir, 'trainer', 'state.json'),
  optimizer: join(dir, 'trainer', 'optimizer.safetensors'),
  /** Parameters of the method's own, if it has any. */
  own: join(dir, 'trainer', 'method.safetensors'),
});

/**
 * Writes a checkpoint: `fill` puts files into a directory that is then flushed and renamed. One of the same step is
 * moved to `set-aside/` (it can only be one that no resumption has chosen).
 */
export async function writeCheckpoint(
  runDir: string,
  step: number,
  fill: (dir: string) => Promise<void>,
): Promise<{ checkpoint: Checkpoint; bytes: number }> {
  const { checkpoints } = runPaths(runDir);
  const dir = join(checkpoints, checkpointName(step));
  const aside = join(checkpoints, `${TEMPORARY}${checkpointName(step)}-${process.pid}`);
  let bytes: number;
  try {
    await mkdir(aside, { recursive: true });
    await fill(aside);
    bytes = await syncTree(aside);
    if (await exists(dir)) await setAside(runDir, dir);
    await rename(aside, dir);
  } catch (error) {
    // The disk may be full: give back what this attempt took before anything else is tried.
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
  await syncDirectory(checkpoints);
  return { checkpoint: { step, dir }, bytes };
}

/**
 * Removes all but the newest `keep` (at least one is kept) of `own`: the whole checkpoints of the run, the one just
 * saved among them. Whatever else lies in the folder counts for nothing and is left alone. Returns those kept.
 *
 * @param best step that is kept, too, however old
 */
export async function pruneCheckpoints(
  own: readonly Checkpoint[],
  keep: number,
  best?: number,
): Promise<Checkpoint[]> {
  const sorted = [...own].sort((a, b) => a.step - b.step);
  const kept = sorted.splice(-Math.max(1, keep));
  const away = sorted.filter(({ step }) => step !== best);
  for (const checkpoint of away) await remove(checkpoint);
  return [...sorted.filter((checkpoint) => !away.includes(checkpoint)), ...kept];
}

/** Renames before removing, so that a half-removed checkpoint is never taken for a whole one. */
async function remove({ dir }: Checkpoint): Promise<void> {
  if (!(await exists(dir))) return;
  const away = join(dir, '..', `${TEMPORARY}removed-${process.pid}-${Date.now()}`);
  await rename(dir, away);
  await rm(away, { recursive: true, force: true });
}
