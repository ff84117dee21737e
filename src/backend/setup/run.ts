/** Other programs, with their output kept back unless they fail. */
import { spawn, spawnSync } from 'node:child_process';

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

/** Runs a program to its end without showing what it prints. Throws CommandError if it fails. */
export function run(command: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    const text = () => Buffer.concat(chunks).toString('utf8');
    child.on('error', (error) => reject(new CommandError(command, error.message, text())));
    child.on('close', (code, signal) => {
      if (code === 0) resolve(text());
      else
        reject(new CommandError(command, signal ? `was ended by ${signal}` : `ended with ${code}`, text()));
    });
  });
}
