/**
 * Factor that brings gradients of norm `norm` down to `maxNorm`: min(1, maxNorm / (norm + 1e-6)), as
 * torch.nn.utils.clip_grad_norm_ computes it.
 */
export function clipFactor(norm: number, maxNorm: number | null): number {
  return maxNorm === null ? 1 : Math.min(1, maxNorm / (norm + 1e-6));
}
