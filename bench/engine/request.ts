/** What bench/engine asks a side to measure, and what it answers; peers/engine.py takes and gives the same as JSON. */

/** All in fp32, on the threads the side was started with. */
export type Request =
  | { item: 'matmul'; size: number }
  | { item: 'block'; tokens: number; attention?: 'eager' | 'sdpa' }
  | { item: 'cross_entropy'; rows: number; vocabulary: number }
  | { item: 'adamw'; size: number }
  | { item: 'small_ops'; count: number };

export interface Answer {
  /** The shortest of a few runs. */
  seconds: number;
  /** Resident memory that the first run adds, at its highest. */
  bytes?: number;
  /** Of the peer's optimizer as users get it without asking for the fused one. */
  seconds_default?: number;
}

/** Runs that count, after one that does not (cross-entropy's is the one whose memory is measured); so in the peer's script. */
export const REPEATS = { matmul: 5, block: 3, cross_entropy: 1, adamw: 5, small_ops: 5 };
