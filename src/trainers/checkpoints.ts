/**
 * The checkpoints of a run: `checkpoints/step-000500/`, each a Hugging Face model directory with a folder `trainer/`.
 *
 * A checkpoint is written under a temporary name, flushed, and renamed: a directory called `step-..` is complete. A
 * save that fails, or is killed, at any point leaves the ones before untouched.
 */
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, runPaths, syncDirectory, syncTree, TEMPORARY } from './run-files.ts';

/** A complete checkpoint. */
export interface Checkpoint {
  step: number;
  dir: string;
}

/** What `trainer/state.json` holds: all of a run's state that is not a tensor. Snake case, as it is on disk. */
export interface TrainerState {
  format: 1;
  method: string;
  /** Optimizer steps done. The order of rows, the schedule and a method's phase are functions of it. */
  global_step: number;
  epoch: number;
  num_tokens: number;
  /** Loss of the last step. */
  loss: number;
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

/** Complete checkpoints of a run, oldest first. */
export async function listCheckpoints(runDir: string): Promise<Checkpoint[]> {
  const { checkpoints } = runPaths(runDir);
  const found: Checkpoint[] = [];
  for (const name of await readdir(checkpoints).catch(() => [])) {
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
});

/** The state of a checkpoint, or undefined (with `reason` told to `warn`) if it is damaged. */
export async function readState(
  { dir, step }: Checkpoint,
  warn: (reason: string) => void,
): Promise<TrainerState | undefined> {
  try {
    const paths = trainerPaths(dir);
    const state = JSON.parse(await readFile(paths.state, 'utf8')) as TrainerState;
    if (state.format !== 1) throw new Error(`format ${state.format} is not known`);
    if (state.global_step !== step) throw new Error(`it is of step ${state.global_step}`);
    await Promise.all([stat(paths.optimizer), stat(join(dir, 'config.json'))]);
    return state;
  } catch (error) {
    warn(`${dir} is damaged and passed over: ${(error as Error).message}`);
    return undefined;
  }
}

/** The newest checkpoint that is whole, with its state. */
export async function newestCheckpoint(
  runDir: string,
  warn: (reason: string) => void,
): Promise<{ checkpoint: Checkpoint; state: TrainerState } | undefined> {
  for (const checkpoint of (await listCheckpoints(runDir)).reverse()) {
    const state = await readState(checkpoint, warn);
    if (state !== undefined) return { checkpoint, state };
  }
  return undefined;
}

/**
 * Writes a checkpoint: `fill` puts files into a directory that is then flushed and renamed. One of the same step is
 * replaced (it can only be a damaged one: a resume starts from the newest that is whole).
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
    await remove({ step, dir });
    await rename(aside, dir);
  } catch (error) {
    // The disk may be full: give back what this attempt took before anything else is tried.
    await rm(aside, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
  await syncDirectory(checkpoints);
  return { checkpoint: { step, dir }, bytes };
}

/** Removes all but the newest `keep` checkpoints (at least one is kept). */
export async function pruneCheckpoints(runDir: string, keep: number): Promise<void> {
  const found = await listCheckpoints(runDir);
  for (const checkpoint of found.slice(0, -Math.max(1, keep))) await remove(checkpoint);
}

/** Renames before removing, so that a half-removed checkpoint is never taken for a whole one. */
async function remove({ dir }: Checkpoint): Promise<void> {
  if (!(await exists(dir))) return;
  const away = join(dir, '..', `${TEMPORARY}removed-${process.pid}-${Date.now()}`);
  await rename(dir, away);
  await rm(away, { recursive: true, force: true });
}
