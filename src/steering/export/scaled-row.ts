/** A row of a vector with its coefficient in it. Shape letters: D model. */
import { UserError } from '../../errors.ts';

/** gamma times the row, rounded to float32 once; a copy. @throws UserError if gamma or a product is not finite */
export function scaledRow(row_D: Float32Array, gamma: number): Float32Array {
  requireGamma(gamma);
  const scaled_D = row_D.map((value) => value * gamma);
  if (!scaled_D.every(Number.isFinite))
    throw new UserError(`gamma ${gamma} makes numbers that float32 cannot hold`);
  return scaled_D;
}

/** @throws UserError for what is no finite number */
export function requireGamma(gamma: number): void {
  if (!Number.isFinite(gamma)) throw new UserError(`gamma must be a number, found ${gamma}`);
}
