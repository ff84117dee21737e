/** What every benchmark shares: the result's form, the table, the machine in the head, the peers' process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

/** One line of a benchmark. */
export interface Result {
  name: string;
  unit: string;
  ours: number;
  peer: number;
  peer_name: string;
  /** Ours / peer, in `unit`. */
  ratio: number;
  /** What `ratio` should be, as `>= 1.5` or `<= 0.6`; empty where there is no aim. */
  aim: string;
}

/** What a benchmark is given. */
export interface Context {
  /** The repository. */
  root: string;
  /** Python with the peers' packages; made on first use. */
  python(): string;
  /** Arguments after the benchmark's name. */
  args: string[];
}

/** A benchmark: `bench/NAME.ts` exports one as `default`. */
export interface Benchmark {
  run(context: Context): Promise<{ results: Result[]; versions: Record<string, string> }>;
}

/** A line with its ratio worked out. */
export function compare(
  name: string,
  unit: string,
  ours: number,
  peer: number,
  peerName: string,
  aim = '',
): Result {
  return { name, unit, ours, peer, peer_name: peerName, ratio: ours / peer, aim };
}

/** Whether a ratio meets its aim; undefined without one. */
export function meets(result: Result): boolean | undefined {
  const parsed = /^(>=|<=) ([\d.]+)$/.exec(result.aim);
  if (!parsed) return undefined;
  return parsed[1] === '>=' ? result.ratio >= Number(parsed[2]) : result.ratio <= Number(parsed[2]);
}

function significant(value: number): string {
  if (!Number.isFinite(value)) return '-';
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}

/** The results as a table for the terminal. */
export function formatTable(results: readonly Result[]): string {
  const rows = [
    ['benchmark', 'ours', 'peer', 'unit', 'ratio', 'aim', '', 'peer is'],
    ...results.map((result) => {
      const met = meets(result);
      return [
        result.name,
        significant(result.ours),
        significant(result.peer),
        result.unit,
        significant(result.ratio),
        result.aim,
        met === undefined ? '' : met ? 'met' : 'NOT MET',
        result.peer_name,
      ];
    }),
  ];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** CPU, cores, memory and vector extensions, as the figures depend on them. */
export function machine(): Record<string, unknown> {
  let flags: string[] = [];
  try {
    const line = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    const wanted = /^(avx2|avx512f|avx512_bf16|amx_bf16|fma)$/;
    flags = (line?.[1] ?? '').split(' ').filter((flag) => wanted.test(flag));
  } catch {
    // not Linux: the model name has to do
  }
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    cpu_features: flags,
    memory_bytes: totalmem(),
    platform: `${process.platform}-${process.arch}`,
  };
}

/**
 * Writes bench/results/NAME.json: a list whose first element is the head, `{ head: {machine, versions, date} }`, and
 * whose others are results.
 */
export function writeResults(
  root: string,
  name: string,
  results: readonly Result[],
  versions: Record<string, string>,
): string {
  const path = join(root, 'bench/results', `${name}.json`);
  mkdirSync(join(root, 'bench/results'), { recursive: true });
  const head = {
    benchmark: name,
    date: new Date().toISOString(),
    machine: machine(),
    versions: { node: process.version, ...versions },
  };
  writeFileSync(path, `${JSON.stringify([{ head }, ...results], null, 2)}\n`);
  return path;
}

/** Resident memory now and at its highest since `resetPeakMemory`, bytes. Linux only; NaN elsewhere. */
export function residentMemory(pid: number | 'self' = 'self'): { now: number; peak: number } {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
    return { now: field('VmRSS'), peak: field('VmHWM') };
  } catch {
    return { now: Number.NaN, peak: Number.NaN };
  }
}

/** Sets the high-water mark of resident memory back to what is resident now (Linux). */
export function resetPeakMemory(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // without it the peak is that of the whole process
  }
}

/** Seconds that `f` takes, the shortest of `repeats` runs; `warmUp` makes one before that is not counted. */
export async function bestSeconds(
  repeats: number,
  f: () => void | Promise<void>,
  warmUp = true,
): Promise<number> {
  if (warmUp) await f();
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await f();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  return best;
}

/** Environment that gives a process as many threads as this one has. */
export function threadsOf(threads: number): Record<string, string> {
  const names = ['OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS'];
  return { ...Object.fromEntries(names.map((name) => [name, String(threads)])), TF_CPP_MIN_LOG_LEVEL: '2' };
}

/**
 * A peer that measures on request: a process that reads one JSON request a line and answers with one JSON line.
 * Ours and the peer's measurements take turns, so that a busy machine slows both.
 */
export class Peer {
  private readonly child: ChildProcess;
  private readonly lines: Interface;
  private readonly waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  private failure: Error | undefined;

  constructor(command: string, args: string[], env: Record<string, string> = {}) {
    this.child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.lines = createInterface({ input: this.child.stdout! });
    this.lines.on('line', (line) => {
      if (line.startsWith('{')) this.waiting.shift()?.resolve(line);
    });
    const fail = (error: Error) => {
      this.failure = error;
      for (const waiter of this.waiting.splice(0)) waiter.reject(error);
    };
    this.child.on('error', fail);
    this.child.on('exit', (code, signal) =>
      fail(new Error(`${command} ended early (${signal ?? `exit code ${code}`})`)),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Sends a request and waits for its answer. */
  async ask<T>(request: Record<string, unknown>): Promise<T> {
    if (this.failure) throw this.failure;
    const line = new Promise<string>((resolve, reject) => this.waiting.push({ resolve, reject }));
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const answer = JSON.parse(await line) as T & { error?: string };
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  close(): void {
    this.child.removeAllListeners('exit');
    this.child.stdin!.end();
  }
}
