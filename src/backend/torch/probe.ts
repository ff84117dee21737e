/**
 * What this CPU is fast at, by timing it: the library for fp32 products, and whether bf16 products pay.
 *
 * CPUs without bf16 instructions take a hundred times longer for libtorch's bf16 product than for fp32, and MKL leaves
 * 10 to 35 % on AMD (measured with torch 2.13), so neither can be known from the vendor's name.
 */
import { addon } from './addon.ts';

export interface ProbeResult {
  /** GFLOP/s of x W^T, best of a few runs. */
  atenFloat32: number;
  /** 0 where torch has no oneDNN. */
  onednnFloat32: number;
  bfloat16: number;
}

/** A linear layer of Gemma 3 270M at 512 tokens: small enough to time in milliseconds, large enough to tell. */
const SHAPE = [512, 640, 2048] as const;
const SECONDS = 0.05;
/** A smaller product tells whether bf16 is hopeless before the real one is timed. */
const SMALL = [64, 256, 256] as const;
const HOPELESS = 0.5;

/** Times the products; takes about 0.2 s. */
export function probe(): ProbeResult {
  const native = addon();
  const atenFloat32 = native.probeMatmul(0, ...SHAPE, SECONDS);
  const onednnFloat32 = native.probeMatmul(1, ...SHAPE, SECONDS);
  const small = native.probeMatmul(2, ...SMALL, 0.01) / native.probeMatmul(0, ...SMALL, 0.01);
  const bfloat16 = small < HOPELESS ? 0 : native.probeMatmul(2, ...SHAPE, SECONDS);
  return { atenFloat32, onednnFloat32, bfloat16 };
}
