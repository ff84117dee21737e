/** Other programs, with their output kept back unless they fail. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

/** Standard output of a short command, trimmed; undefined if it cannot be run or fails. */
export function output(command: string, args: string[]): string | undefined {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** A program that failed, with all it printed. */
export class CommandError extends Error {
  constructor(
    command: string,
    reason: string,
    /** What it printed, both streams as they came. */
    readonly output: string,
  ) {
    super(`${command} ${reason}`);
    this.name = 'CommandError';
  }

  /** The last lines of the output, where programs say what was wrong. */
  tail(lines = 20): string {
    return this.output.trimEnd().split('\n').slice(-lines).join('\n');
  }
}

/** Signals that end set-up, and the exit codes that a shell expects then. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[];

/** Set-up was told to stop: no failure of a program, and nothing to go on after. Has the shape of a run's Interrupted. */
export class SetupStopped extends Error {
  readonly exitCode: number;
  readonly step = 0;
  readonly runDir = '';

  constructor(signal: keyof typeof EXIT_CODES) {
    super(`set-up stopped by ${signal}; \`isogloss setup\` goes on with it`);
    this.name = 'Interrupted';
    this.exitCode = EXIT_CODES[signal];
  }
}

/** A terminal sends Ctrl-C to the program as well, which then has this long to clean up by itself. */
const GRACE_MS = 1_000;

/**
 * Runs a program to its end without showing what it prints.
 *
 * A signal to this process ends the program, too: pip would go on by itself, and the next set-up meet it in `.venv`.
 *
 * @throws CommandError if it fails; SetupStopped after a signal, when the program has ended.
 */
export function run(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const text = () => Buffer.concat(chunks).toString('utf8');
    const stop = endWithUs(child);
    child.on('error', (error) => {
      stop.dispose();
      reject(new CommandError(command, error.message, text()));
    });
    child.on('close', (code, signal) => {
      stop.dispose();
      if (stop.signal) reject(new SetupStopped(stop.signal));
      else if (code === 0) resolve(text());
      else
        reject(new CommandError(command, signal ? `was ended by ${signal}` : `ended with ${code}`, text()));
    });
  });
}

/** Ends `child` when this process is told to end; `signal` is the one that did. */
function endWithUs(child: ChildProcess): { signal?: keyof typeof EXIT_CODES; dispose: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const onSignal = (signal: keyof typeof EXIT_CODES) => {
    state.signal ??= signal;
    timer ??= setTimeout(() => child.kill('SIGTERM'), signal === 'SIGINT' ? GRACE_MS : 0);
  };
  const state: ReturnType<typeof endWithUs> = {
    dispose() {
      clearTimeout(timer);
      for (const name of SIGNALS) process.off(name, onSignal);
    },
  };
  for (const name of SIGNALS) process.on(name, onSignal);
  return state;
}
