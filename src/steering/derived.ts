/** Vectors that no pairs were taken for: made from another vector, or brought from another tool. */
import { z } from 'zod';

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const whole = z.number().int().min(0);

/** As it stands in the facts of a vector, snake case; `from` is the identity of the vector it was made from. */
export const derivedSchema = z.discriminatedUnion('rule', [
  /** A direction that says nothing, as long as that of `from` in every block. */
  z.strictObject({ rule: z.literal('random'), from: hash, seed: whole, index: whole }),
  /** Each language has the vector, pairs and norms of another: of which, by language. */
  z.strictObject({
    rule: z.literal('wrong_country'),
    from: hash,
    seed: whole,
    languages: z.record(z.string(), z.string()),
  }),
  /** Zeros in the outlier dimensions, a list of them for each block. */
  z.strictObject({
    rule: z.literal('masked'),
    from: hash,
    times_median: z.number().positive(),
    dims: z.array(z.array(whole)),
  }),
  /** Read from a file of llama.cpp or lm-eval; blocks that it does not have are zeros. */
  z.strictObject({
    rule: z.literal('imported'),
    format: z.enum(['gguf', 'lm-eval']),
    /** Of the file. */
    sha256: hash,
    /** Blocks that it has, and the coefficient that it gives each; it is not multiplied into the numbers. */
    gammas: z.record(z.string().regex(/^\d+$/), z.number()),
  }),
]);

/** How a vector came to be that no pairs were taken for. */
export type Derived = z.infer<typeof derivedSchema>;
