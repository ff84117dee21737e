/** Which parameters a run changes. */
import type { Recipe } from '../recipe/index.ts';

/** The products of attention: what CLO's authors train, and nothing else. */
const ATTENTION = /\.self_attn\.[qkvo]_proj\.weight$/;

/** Those of `parameters` (by Hugging Face's names) that `train.parameters` says are trained, in their order. */
export function trainedParameters<T>(
  { train }: { train: Pick<Recipe['train'], 'parameters'> },
  parameters: ReadonlyMap<string, T>,
): Map<string, T> {
  return new Map([...parameters].filter(([name]) => train.parameters === 'all' || ATTENTION.test(name)));
}
