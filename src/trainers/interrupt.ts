/** Stopping a run on SIGINT or SIGTERM: raise a flag, let the loop save, then leave with the shell's exit code. */

/** Signals that mean "save and stop". */
export type StopSignal = 'SIGINT' | 'SIGTERM';

/** Exit codes a shell expects: 128 + the signal's number. */
const EXIT_CODES: Record<StopSignal, 130 | 143> = { SIGINT: 130, SIGTERM: 143 };

/** The run was stopped by a signal after saving what can be saved; the process should exit with `exitCode`. */
export class Interrupted extends Error {
  readonly exitCode: 130 | 143;

  constructor(
    readonly signal: StopSignal,
    /** Last full optimizer step; it is on disk unless it is 0. */
    readonly step: number,
    /** Where the run lies, for the line that says how to resume. */
    readonly runDir: string,
  ) {
    super(`stopped by ${signal} after step ${step}`);
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
 * Listens for the first SIGINT or SIGTERM. Handlers go away with it, so a second signal meets Node's default and
 * ends the process at once, also in the middle of a save (the previous checkpoint stays whole: saves are renamed
 * into place).
 */
export function watchSignals(onStop?: (signal: StopSignal) => void): StopRequest & { dispose(): void } {
  const request: { signal: StopSignal | undefined; dispose(): void } = {
    signal: undefined,
    dispose() {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
  const stop = (signal: NodeJS.Signals): void => {
    request.dispose();
    request.signal = signal as StopSignal;
    onStop?.(signal as StopSignal);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return request;
}

/** Lets signals, timers and sockets through; call between pieces of synchronous work. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
