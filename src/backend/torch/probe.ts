/**
 * What this CPU is fast at, by timing it: the library for fp32 products, and whether bf16 products pay.
 *
 * CPUs without bf16 instructions take a hundred times longer for libtorch's bf16 product than for fp32, and MKL leaves
 * 10 to 35 % on AMD (measured with torch 2.13), so neither can be known from the vendor's name.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheRoot } from '../../paths.ts';
import { addon } from './addon.ts';
import { openOpenBlas } from './openblas.ts';

export interface ProbeResult {
  /** GFLOP/s of x W^T, best of a few runs. */
  atenFloat32: number;
  /** 0 where torch has no oneDNN. */
  onednnFloat32: number;
  /** 0 where there is no OpenBLAS. */
  openblasFloat32: number;
  bfloat16: number;
  /** Of the bf16 gradient of a weight as it is, and with one side transposed in memory first. */
  bfloat16Gradient: number;
  bfloat16GradientTransposed: number;
}

/** A linear layer of Gemma 3 270M at 512 tokens: small enough to time in milliseconds, large enough to tell. */
const SHAPE = [512, 640, 2048] as const;
const SECONDS = 0.05;
/** A smaller product tells whether bf16 is hopeless before the real one is timed. */
const SMALL = [64, 256, 256] as const;
const HOPELESS = 0.5;

const KINDS = [
  'atenFloat32',
  'onednnFloat32',
  'openblasFloat32',
  'bfloat16',
  'bfloat16Gradient',
  'bfloat16GradientTransposed',
] as const;

/** Times the products, each in two turns of which the better counts; takes about half a second. */
export function probe(): ProbeResult {
  const [first, second] = [turn(), turn()];
  const better = (kind: keyof typeof first) => Math.max(first[kind], second[kind]);
  // Last: OpenBLAS' threads spin on for a while, and would slow down whatever is timed after them.
  openOpenBlas();
  return {
    atenFloat32: better('atenFloat32'),
    onednnFloat32: better('onednnFloat32'),
    bfloat16: better('bfloat16'),
    bfloat16Gradient: better('bfloat16Gradient'),
    bfloat16GradientTransposed: better('bfloat16GradientTransposed'),
    openblasFloat32: addon().probeMatmul(3, ...SHAPE, SECONDS),
  };
}

function turn(): Omit<ProbeResult, 'openblasFloat32'> {
  const native = addon();
  const atenFloat32 = native.probeMatmul(0, ...SHAPE, SECONDS);
  const onednnFloat32 = native.probeMatmul(1, ...SHAPE, SECONDS);
  const small = native.probeMatmul(2, ...SMALL, 0.01) / native.probeMatmul(0, ...SMALL, 0.01);
  const bfloat16 = small < HOPELESS ? 0 : native.probeMatmul(2, ...SHAPE, SECONDS);
  const gradient = (transposes: 0 | 1) => {
    if (bfloat16 === 0) return 0;
    native.setTransposes(transposes);
    return native.probeMatmul(4, ...SHAPE, SECONDS);
  };
  return {
    atenFloat32,
    onednnFloat32,
    bfloat16,
    bfloat16Gradient: gradient(0),
    bfloat16GradientTransposed: gradient(1),
  };
}

/**
 * The probe's result for this CPU, torch and number of threads: measured once and then read from the user's cache, so
 * that two processes on one machine choose alike (another choice is another rounding) however busy it is.
 */
export function cachedProbe(torch: string, threads: number): ProbeResult {
  const file = join(cacheRoot(), 'probe.json');
  const key = `${cpus()[0]?.model ?? process.arch}, ${addon().cpuCapability()}, torch ${torch}, ${threads} threads`;
  const known = readCache(file);
  const found = known[key];
  if (isResult(found)) return found;
  const measured = probe();
  try {
    mkdirSync(dirname(file), { recursive: true });
    const aside = `${file}.${process.pid}`;
    writeFileSync(aside, `${JSON.stringify({ ...known, [key]: measured }, null, 2)}\n`);
    renameSync(aside, file);
  } catch {
    // A home that cannot be written to: the next process measures again.
  }
  return measured;
}

function readCache(file: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function isResult(value: unknown): value is ProbeResult {
  const fields = value as Partial<ProbeResult> | undefined | null;
  return KINDS.every((kind) => {
    const value = fields?.[kind];
    return typeof value === 'number' && value >= 0;
  });
}
