/** Stopping a run on SIGINT, SIGTERM or SIGHUP: raise a flag, let the loop save, then leave with the shell's exit code. */

/** Signals that mean "save and stop". */
export type StopSignal = keyof typeof EXIT_CODES;

/** Exit codes a shell expects of a process that a signal ended: 128 + the signal's number. */
export const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** The run was stopped by a signal after saving what can be saved; the process should exit with `exitCode`. */
export class Interrupted extends Error {
  readonly exitCode: (typeof EXIT_CODES)[StopSignal];

  constructor(
    readonly signal: StopSignal,
    /** Last full optimizer step; it is on disk unless it is 0. */
    readonly step: number,
    /** Where the run lies, for the line that says how to resume. */
    readonly runDir: string,
    message = `stopped by ${signal} after step ${step}`,
  ) {
    super(message);
    this.name = 'Interrupted';
    this.exitCode = EXIT_CODES[signal];
  }
}

/** Where the loop looks, between micro-batches, whether it has been asked to stop. */
export interface StopRequest {
  /** The signal that asked for a stop, if any. */
  readonly signal: StopSignal | undefined;
}

/**
 * For so long a second signal is taken for an echo of the first: npm, a shell and a terminal that closes each hand
 * their signal on to the whole group, and the process hears it twice. Milliseconds.
 */
export const ECHO_MS = 1000;

/**
 * Listens for the first SIGINT, SIGTERM or SIGHUP. Echoes of it within `ECHO_MS` count for nothing; a signal after
 * that meets the system's default and ends the process at once, also in the middle of a save (the previous checkpoint
 * stays whole: saves are renamed into place).
 */
export function watchSignals(onStop?: (signal: StopSignal) => void): StopRequest & { dispose(): void } {
  const names = Object.keys(EXIT_CODES) as StopSignal[];
  let first = 0;
  const request: { signal: StopSignal | undefined; dispose(): void } = {
    signal: undefined,
    dispose() {
      for (const name of names) process.off(name, stop);
    },
  };
  const stop = (name: NodeJS.Signals): void => {
    if (request.signal === undefined) {
      first = performance.now();
      request.signal = name as StopSignal;
      // Without handlers, so that a later signal is heard in the middle of a long computation, too.
      setTimeout(request.dispose, ECHO_MS).unref();
      onStop?.(request.signal);
    } else if (performance.now() - first >= ECHO_MS) {
      request.dispose();
      process.kill(process.pid, name);
    }
  };
  for (const name of names) process.on(name, stop);
  return request;
}

/** Where a run stands: the last full step and the last one that is on disk. */
export interface Standing {
  step: number;
  saved: number;
}

/** What a signal does now, and what a second one would cost. */
export function stopMessage(signal: StopSignal, { step, saved }: Standing): string {
  if (step === 0) return `${signal}: stopping before a step is done; there is nothing to save`;
  if (step === saved) return `${signal}: stopping; step ${step} is saved`;
  const again = signal === 'SIGINT' ? 'a second Ctrl-C' : 'a second signal';
  const lost = step - saved === 1 ? 'the step' : `the ${step - saved} steps`;
  const since = saved === 0 ? 'since the start' : `since step ${saved}`;
  return `${signal}: saving step ${step}; ${again} ends at once and loses ${lost} ${since}`;
}

/** Lets signals, timers and sockets through; call between pieces of synchronous work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
