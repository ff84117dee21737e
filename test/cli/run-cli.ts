/** The command line in processes of its own, as a user starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths.ts';

/** What a process came to. */
export interface Ended {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A command that is running. */
export interface Running {
  process: ChildProcess;
  ended: Promise<Ended>;
}

/** Starts `isogloss ARGS` in `cwd`, without colours and bars. `onStderr` hears all that it has said so far. */
export function startCli(
  cwd: string,
  args: readonly string[],
  onStderr: (text: string) => void = () => {},
): Running {
  const child = spawn(process.execPath, [join(packageRoot(), 'scripts/isogloss.mjs'), ...args], {
    cwd,
    env: { ...process.env, CI: 'true', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text;
    onStderr(said.stderr);
  });
  const ended = once(child, 'close').then(([status, signal]): Ended => ({ status, signal, ...said }));
  return { process: child, ended };
}

/** Runs a command to its end. */
export function runCli(cwd: string, ...args: string[]): Promise<Ended> {
  return startCli(cwd, args).ended;
}
