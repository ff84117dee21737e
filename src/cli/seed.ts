/** Seeds on the command line. */
import { UserError } from '../errors.ts';

/** @throws UserError for what is no seed */
export function requireSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UserError(`--seed must be a whole number of at least 0, found ${seed}`);
}
