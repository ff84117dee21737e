/** Training in processes of their own, for tests that end them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { bundleOptions } from '../../scripts/bundle-options.mjs';

const ROOT = join(import.meta.dirname, '../..');
/** In the project, so that the bundle finds what it takes from there. */
const DRIVER = join(ROOT, 'build', 'test', 'train-driver.mjs');

/** Bundles driver.ts as the command line is bundled; call once before `start`. */
export async function buildDriver(): Promise<void> {
  await build({
    ...bundleOptions,
    entryPoints: [join(import.meta.dirname, 'driver.ts')],
    outfile: DRIVER,
    external: [
      '@huggingface/*',
      '@tensorflow/tfjs-backend-wasm',
      '@tensorflow/tfjs-node*',
      'sentencepiece-js',
      'esbuild',
    ],
    logLevel: 'error',
  });
}

/** A training process and what it has printed. */
export interface Child {
  process: ChildProcess;
  lines: string[];
  /** Resolves to exit code and signal. */
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/** Starts the driver; `onLine` hears each line as it comes. */
export function start(args: string[], onLine: (line: string, child: ChildProcess) => void = () => {}): Child {
  const child = spawn(process.execPath, [DRIVER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    onLine(line, child);
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));
  return { process: child, lines, ended };
}
